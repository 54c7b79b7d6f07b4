import { Context, Effect, Layer } from "effect"

/** Lets those who wait for a hub that was away know at once that it is back. */
export class HubReturn extends Context.Tag("mezite/node/HubReturn")<
  HubReturn,
  {
    /** Completes the next time that the hub has taken this node. */
    readonly next: Effect.Effect<void>
    /** It has. */
    readonly happened: Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<HubReturn> = Layer.sync(HubReturn, () => {
    const latch = Effect.unsafeMakeLatch(false)
    return { next: latch.await, happened: Effect.asVoid(latch.release) }
  })
}
