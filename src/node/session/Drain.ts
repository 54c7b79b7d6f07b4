import { Context, Duration, Effect, Layer, Option, PubSub, Ref, Schema, type Scope, Stream } from "effect"
import { ClientWay } from "../../session/ClientWay.ts"
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
    /** A hub stops (`ClientWay`): tells everybody who uses a session by it when that will be ended. */
    readonly hubStops: (endsIn: Duration.Duration) => Effect.Effect<void>
    /** Lines for whoever uses a session by that way, from now on. */
    readonly notices: Effect.Effect<Stream.Stream<string>, never, Scope.Scope>
  }
>() {
  static readonly layer: Layer.Layer<Drain, never, SessionRegistry> = Layer.effect(
    Drain,
    Effect.gen(function* () {
      const [registry, host] = [yield* SessionRegistry, yield* NodeHost]
      const who = host === "agent" ? "this node's agent" : "the hub"
      const notices = yield* PubSub.sliding<{ readonly to: (way: string) => boolean; readonly text: string }>(16)
      const begun = yield* Ref.make(Option.none<Draining>())
      const warn = (who: string, endsIn: Duration.Duration, to: (way: string) => boolean) =>
        PubSub.publish(notices, {
          to,
          text: `${who} is stopping: this session will be ended in ${Duration.format(endsIn)}`,
        })
      const run = Effect.fn("Drain.run")(function* (limit: Duration.Duration) {
        yield* Ref.set(begun, Option.some(new Draining({ message: `${who} is stopping: try again in a while` })))
        const running = yield* registry.running
        if (running.length === 0) return
        yield* Effect.logInfo(
          `stopping: ${running.length} sessions may end by themselves for ${Duration.format(limit)}`,
        )
        yield* warn(who, limit, () => true)
        yield* Effect.timeoutOption(registry.idle, limit)
      })
      return {
        run,
        hubStops: (endsIn) => Effect.flatMap(ClientWay, (from) => warn("the hub", endsIn, (way) => way === from)),
        check: Effect.flatMap(Ref.get(begun), Option.match({ onNone: () => Effect.void, onSome: Effect.fail })),
        notices: Effect.zipWith(ClientWay, Stream.fromPubSub(notices, { scoped: true }), (way, all) =>
          Stream.filterMap(all, ({ to, text }) => (to(way) ? Option.some(text) : Option.none())),
        ),
      }
    }),
  )
}
