import { Context, type Effect } from "effect"

/** Somebody was not let through to a node. */
export interface Refusal {
  /** None known where it was not proven who it is. */
  readonly user: string | null
  /** What was asked for, as it was written; at most 256 characters. */
  readonly target: string | null
  /** `ADDRESS:PORT`. */
  readonly remoteAddress: string
  readonly reason: string
}

/** Where it is kept who was refused, and why. It never fails: who is refused must be told so in any case. */
export class RefusalLog extends Context.Tag("mezite/proxy/RefusalLog")<
  RefusalLog,
  { readonly report: (refusal: Refusal) => Effect.Effect<void> }
>() {}
