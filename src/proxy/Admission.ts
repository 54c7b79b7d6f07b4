import { Context, Effect, Layer, Ref, Schema } from "effect"

/** The hub begins nothing new: it is about to stop. */
export class HubStopping extends Schema.TaggedError<HubStopping>()("HubStopping", {
  message: Schema.String,
}) {
  static readonly now = new HubStopping({ message: "the hub is stopping: try again in a while" })
}

/** Whether this hub still begins anything new for users. */
export class Admission extends Context.Tag("mezite/proxy/Admission")<
  Admission,
  {
    /** Fails once it is closed. */
    readonly check: Effect.Effect<void, HubStopping>
    readonly close: Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<Admission> = Layer.sync(Admission, () => {
    const open = Ref.unsafeMake(true)
    return {
      check: Effect.flatMap(Ref.get(open), (isOpen) => (isOpen ? Effect.void : HubStopping.now)),
      close: Ref.set(open, false),
    }
  })
}
