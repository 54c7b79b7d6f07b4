import { Clock, Duration, Effect, type Redacted } from "effect"
import { newSecret, secretDigest } from "./Secret.ts"

const inviteLife = Duration.days(7)

/** An invite that was just made, and what is stored of it. */
export interface Invite {
  readonly invite: Redacted.Redacted<string>
  /** Unix milliseconds. */
  readonly expiresAtMs: number
  readonly columns: { readonly invite_digest: string; readonly invite_expires_ms: number }
}

/** A new invite, good for seven days. */
export const newInvite: Effect.Effect<Invite> = Effect.map(Clock.currentTimeMillis, (nowMs) => {
  const invite = newSecret()
  const expiresAtMs = nowMs + Duration.toMillis(inviteLife)
  return { invite, expiresAtMs, columns: { invite_digest: secretDigest(invite), invite_expires_ms: expiresAtMs } }
})
