import { Data, type Effect, type Option } from "effect"
import type { WindowSize } from "../domain/WindowSize.ts"
import type { SessionChannel } from "./SessionChannel.ts"

/** What a client asks to be started. */
export type SessionKind = Data.TaggedEnum<{
  Shell: object
  Exec: { readonly command: string }
  Subsystem: { readonly name: string }
}>
export const SessionKind = Data.taggedEnum<SessionKind>()

/** A terminal as the client describes it. */
export interface PtyRequest {
  /** `TERM`: at most 64 printable characters, possibly none. */
  readonly term: string
  readonly size: WindowSize
  /** Terminal modes by their names in RFC 4254, section 8. */
  readonly modes: Readonly<Record<string, number>>
}

/** A client's request to start something on a new channel; there is one per channel, and it waits for its answer. */
export interface SessionRequest {
  readonly kind: SessionKind
  readonly pty: Option.Option<PtyRequest>
  /** At most 64 variables and 32 KiB; others were refused. Not filtered: what may be set is for the caller to decide. */
  readonly env: Readonly<Record<string, string>>
  /** Whether the client offers its authentication agent; its certificate permits that. */
  readonly agentForwarding: boolean
  /** Tells the client that it was started. What the client sent meanwhile is kept, within the channel's window. */
  readonly accept: Effect.Effect<SessionChannel>
  /** Tells the client that it was refused, and closes the channel. */
  readonly reject: Effect.Effect<void>
}
