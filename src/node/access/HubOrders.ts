import type { Duration, Effect } from "effect"
import type { EndTarget } from "../../api/transport/TunnelMessages.ts"
import type { Lock } from "../../domain/Lock.ts"

/**
 * What a hub may order about who is let in; which hub that is, `ClientWay` says. Orders are taken in the very call; completing them
 * may take a moment.
 */
export interface HubOrders {
  /** These locks hold from now on, and no others. */
  readonly lock: (locks: ReadonlyArray<Lock>) => Effect.Effect<void>
  /** The hub is not there any more: its locks hold on where no other hub has a word in it. */
  readonly gone: Effect.Effect<void>
  /** End this, telling its users why. */
  readonly end: (target: EndTarget, reason: string) => Effect.Effect<void>
  /** The hub ends everything that goes by it in a while: tell users. */
  readonly stopping: (endsIn: Duration.Duration) => Effect.Effect<void>
  /** This node is not the cluster's any more: end everything. */
  readonly leave: (reason: string) => Effect.Effect<void>
}
