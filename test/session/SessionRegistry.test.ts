import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Option, Ref, Scope } from "effect"
import { EndReason } from "../../src/session/EndReason.ts"
import { SessionRegistry } from "../../src/session/SessionRegistry.ts"
import { sessionInfo } from "../support/recordings.ts"
import { until } from "./support/FakeSession.ts"

const info = (sessionId: string) => ({ ...sessionInfo, sessionId })

describe("SessionRegistry", () => {
  it.scoped("knows who runs, and ends one or all, telling why, once they have cleaned up", () =>
    Effect.gen(function* () {
      const registry = yield* SessionRegistry
      const ended: Array<string> = []
      const session = (id: string) =>
        registry.start(
          info(id),
          Effect.onInterrupt(Effect.never, () =>
            Effect.yieldNow().pipe(
              Effect.zipRight(Effect.flatMap(EndReason, Ref.get)),
              Effect.andThen((reason) => {
                ended.push(`${id}: ${Option.getOrThrow(reason)}`)
              }),
            ),
          ),
        )
      for (const id of ["a", "b", "c"]) yield* session(id)
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      expect((yield* registry.running).map(({ sessionId }) => sessionId)).toEqual(["a", "b", "c"])
      expect(yield* registry.end(({ sessionId }) => sessionId === "b", "enough")).toBe(1)
      expect([ended, (yield* registry.running).length]).toEqual([["b: enough"], 2])
      expect(yield* registry.end(() => true, "closing time")).toBe(2)
      expect([ended.toSorted(), yield* registry.running]).toEqual([
        ["a: closing time", "b: enough", "c: closing time"],
        [],
      ])
      expect(yield* registry.end(() => true, "again")).toBe(0)
    }).pipe(Effect.provide(SessionRegistry.layer)),
  )

  it.scoped("forgets a session that ended by itself, or failed", () =>
    Effect.gen(function* () {
      const registry = yield* SessionRegistry
      const done = yield* Deferred.make<void>()
      yield* registry.start(info("a"), Deferred.await(done))
      yield* registry.start(info("b"), Effect.die("a bug"))
      yield* Deferred.succeed(done, undefined)
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      expect(yield* registry.running).toEqual([])
    }).pipe(Effect.provide(SessionRegistry.layer)),
  )

  it.effect("ends every session with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(SessionRegistry.layer, scope)
      let cleaned = false
      yield* Effect.flatMap(SessionRegistry, (registry) =>
        registry.start(
          info("a"),
          Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              cleaned = true
            }),
          ),
        ),
      ).pipe(Effect.provide(services))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* Scope.close(scope, Exit.void)
      yield* until(() => cleaned)
    }),
  )
})
