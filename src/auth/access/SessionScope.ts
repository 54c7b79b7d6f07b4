import { Option } from "effect"
import type { Identity } from "../../api/Identity.ts"
import { certificateSkewSeconds } from "../keys/CertificateTimes.ts"
import { permissionsOf } from "./Permissions.ts"

/** Which of the cluster's sessions somebody may see. */
export interface SessionScope {
  /** Whose sessions are the own ones: those under that name since then (Unix milliseconds). None: nobody's are. */
  readonly self: Option.Option<{ readonly user: string; readonly sinceMs: number }>
  readonly own: boolean
  readonly others: boolean
}

/** That of the hub itself. */
export const everySession: SessionScope = { self: Option.none(), own: true, others: true }

/** A certificate begins that long before it is made, and knows seconds only; no session begins before its certificate does. */
const tolerance = (certificateSkewSeconds + 1) * 1000

/** What that caller may see: the sessions of somebody who had the user's name before are not the user's own. */
export const sessionScope = (identity: Identity): SessionScope => ({
  ...permissionsOf(identity).sessions,
  self:
    identity._tag === "User"
      ? Option.some({ user: identity.user, sinceMs: identity.createdMs - tolerance })
      : Option.none(),
})

/** Whether a session exists as far as somebody with that scope may know. */
export const isVisible = (
  { self, own, others }: SessionScope,
  session: { readonly user_name: string; readonly started_ms: number | string },
): boolean =>
  Option.exists(self, ({ user, sinceMs }) => session.user_name === user && Number(session.started_ms) >= sinceMs)
    ? own
    : others
