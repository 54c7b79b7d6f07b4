import { Context, Effect, Layer } from "effect"
import type { NodeId } from "../../domain/Identifiers.ts"

/** Which nodes without an agent are there, as far as anybody knows: they are not asked unless they are used. */
export class TargetReach extends Context.Tag("mezite/proxy/TargetReach")<
  TargetReach,
  {
    /** Whether its machine answered, as it should, when it was tried last; at first it counts as there. */
    readonly note: (id: NodeId, answered: boolean) => Effect.Effect<void>
    readonly forget: (id: NodeId) => Effect.Effect<void>
    /** Those that answered. */
    readonly online: Effect.Effect<ReadonlySet<NodeId>>
  }
>() {
  static readonly layer: Layer.Layer<TargetReach> = Layer.sync(TargetReach, () => {
    const there = new Set<NodeId>()
    return {
      note: (id, answered) => Effect.sync(() => void (answered ? there.add(id) : there.delete(id))),
      forget: (id) => Effect.sync(() => void there.delete(id)),
      online: Effect.sync(() => new Set(there)),
    }
  })
}
