import { Context, Effect, FiberMap, Layer, Option, Ref, type Scope } from "effect"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { ClientWay } from "./ClientWay.ts"
import { EndReason } from "./EndReason.ts"

/** The sessions that run in this process, each a supervised fiber. Closing its scope ends them all. */
export class SessionRegistry extends Context.Tag("mezite/session/SessionRegistry")<
  SessionRegistry,
  {
    /** Starts a session's fiber; the effect waits for nothing. One of the same id is ended first. */
    readonly start: (info: SessionInfo, session: Effect.Effect<void>) => Effect.Effect<void>
    /** Those that run now. */
    readonly running: Effect.Effect<ReadonlyArray<SessionInfo>>
    /** Completes when none runs, and what they left has been cleaned up. */
    readonly idle: Effect.Effect<void>
    /**
     * Ends every session that `whose` picks out, by what it is and the way that its client came by, all at once, each with `reason` for its `EndReason`; completes once they
     * have been cleaned up after, and gives how many they were.
     */
    readonly end: (whose: (info: SessionInfo, way: string) => boolean, reason: string) => Effect.Effect<number>
  }
>() {
  static readonly layer: Layer.Layer<SessionRegistry> = Layer.scoped(
    SessionRegistry,
    Effect.suspend(() => make),
  )
}

interface Running {
  readonly info: SessionInfo
  /** See `ClientWay`. */
  readonly way: string
  readonly endReason: Ref.Ref<Option.Option<string>>
}

const make: Effect.Effect<SessionRegistry["Type"], never, Scope.Scope> = Effect.gen(function* () {
  const fibers = yield* FiberMap.make<string, void, never>()
  const sessions = new Map<string, Running>()

  const start = (info: SessionInfo, session: Effect.Effect<void>) =>
    Effect.gen(function* () {
      const running: Running = { info, way: yield* ClientWay, endReason: Ref.unsafeMake(Option.none()) }
      // Known before its fiber has begun: whoever ends it at this very moment finds it.
      sessions.set(info.sessionId, running)
      const fiber = yield* FiberMap.run(
        fibers,
        info.sessionId,
        session.pipe(
          Effect.provideService(EndReason, running.endReason),
          Effect.annotateLogs({ session: info.sessionId, user: info.user, login: info.login }),
        ),
      )
      fiber.addObserver(() => sessions.get(info.sessionId) === running && sessions.delete(info.sessionId))
    }).pipe(Effect.uninterruptible)

  const endOne = ({ info, endReason }: Running, reason: string) =>
    Ref.update(
      endReason,
      Option.orElseSome(() => reason),
    ).pipe(Effect.zipRight(FiberMap.remove(fibers, info.sessionId)))

  const end = (whose: (info: SessionInfo, way: string) => boolean, reason: string) =>
    Effect.suspend(() => {
      const ending = [...sessions.values()].filter(({ info, way }) => whose(info, way))
      return Effect.as(
        Effect.forEach(ending, (session) => endOne(session, reason), { concurrency: "unbounded", discard: true }),
        ending.length,
      )
    })

  return {
    start,
    idle: FiberMap.awaitEmpty(fibers),
    running: Effect.sync(() => [...sessions.values()].map(({ info }) => info)),
    end,
  }
})
