import { Context, Duration, Effect, Layer, Option, PubSub, Ref, Schema, type Scope, Stream } from "effect"
import { SessionRegistry } from "../../session/SessionRegistry.ts"
import { NodeHost } from "../NodeHost.ts"

/** Nothing new begins here any more. */
export class Draining extends Schema.TaggedError<Draining>()("Draining", { message: Schema.String }) {}

/** How a node comes to a stop: nothing new begins, and what runs may end by itself. */
export class Drain extends Context.Tag("mezite/node/Drain")<
  Drain,
  {
    /**
     * Begins it. Completes when no session runs any more, and at the latest after `limit`, having told everybody who uses one
     * when it will be ended.
     */
    readonly run: (limit: Duration.Duration) => Effect.Effect<void>
    /** Fails once it has begun. */
    readonly check: Effect.Effect<void, Draining>
    /** The hub stops: tells everybody who uses a session when that will be ended. */
    readonly hubStops: (endsIn: Duration.Duration) => Effect.Effect<void>
    /** Lines for everybody who uses a session, from now on. */
    readonly notices: Effect.Effect<Stream.Stream<string>, never, Scope.Scope>
  }
>() {
  static readonly layer: Layer.Layer<Drain, never, SessionRegistry> = Layer.effect(
    Drain,
    Effect.gen(function* () {
      const [registry, host] = [yield* SessionRegistry, yield* NodeHost]
      const who = host === "agent" ? "this node's agent" : "the hub"
      const notices = yield* PubSub.sliding<string>(16)
      const begun = yield* Ref.make(Option.none<Draining>())
      const warn = (who: string, endsIn: Duration.Duration) =>
        PubSub.publish(notices, `${who} is stopping: this session will be ended in ${Duration.format(endsIn)}`)
      const run = Effect.fn("Drain.run")(function* (limit: Duration.Duration) {
        yield* Ref.set(begun, Option.some(new Draining({ message: `${who} is stopping: try again in a while` })))
        const running = yield* registry.running
        if (running.length === 0) return
        yield* Effect.logInfo(
          `stopping: ${running.length} sessions may end by themselves for ${Duration.format(limit)}`,
        )
        yield* warn(who, limit)
        yield* Effect.timeoutOption(registry.idle, limit)
      })
      return {
        run,
        hubStops: (endsIn) => Effect.asVoid(warn("the hub", endsIn)),
        check: Effect.flatMap(Ref.get(begun), Option.match({ onNone: () => Effect.void, onSome: Effect.fail })),
        notices: Stream.fromPubSub(notices, { scoped: true }),
      }
    }),
  )
}
