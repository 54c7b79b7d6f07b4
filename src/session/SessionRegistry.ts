import { Context, Effect, FiberMap, Layer, type Scope } from "effect"
import type { SessionInfo } from "../domain/SessionInfo.ts"

/** The sessions that run in this process, each a supervised fiber. Closing its scope ends them all. */
export class SessionRegistry extends Context.Tag("mezite/session/SessionRegistry")<
  SessionRegistry,
  {
    /** Starts a session's fiber; the effect waits for nothing. One of the same id is ended first. */
    readonly start: (info: SessionInfo, session: Effect.Effect<void>) => Effect.Effect<void>
    /** Those that run now. */
    readonly running: Effect.Effect<ReadonlyArray<SessionInfo>>
    /** Ends a session; completes once it has been cleaned up after. */
    readonly end: (sessionId: string) => Effect.Effect<void>
    /** Ends all; likewise. */
    readonly endAll: Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<SessionRegistry> = Layer.scoped(
    SessionRegistry,
    Effect.suspend(() => make),
  )
}

const make: Effect.Effect<SessionRegistry["Type"], never, Scope.Scope> = Effect.gen(function* () {
  const fibers = yield* FiberMap.make<string, void, never>()
  const infos = new Map<string, SessionInfo>()
  return {
    start: (info, session) =>
      FiberMap.run(
        fibers,
        info.sessionId,
        Effect.acquireUseRelease(
          Effect.sync(() => infos.set(info.sessionId, info)),
          () => session,
          () => Effect.sync(() => infos.get(info.sessionId) === info && infos.delete(info.sessionId)),
        ).pipe(Effect.annotateLogs({ session: info.sessionId, user: info.user, login: info.login })),
      ).pipe(Effect.asVoid),
    running: Effect.sync(() => [...infos.values()]),
    end: (sessionId) => FiberMap.remove(fibers, sessionId),
    // By the fibers, not by `infos`: one that was started just now is not among these yet.
    endAll: Effect.suspend(() =>
      Effect.forEach(
        Array.from(fibers, ([sessionId]) => sessionId),
        (sessionId) => FiberMap.remove(fibers, sessionId),
        { concurrency: "unbounded", discard: true },
      ),
    ),
  }
})
