import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TargetFailed } from "../../../src/proxy/agentless/TargetFailed.ts"
import { targetLink } from "../../../src/proxy/agentless/TargetLink.ts"
import type { SshClient } from "../../../src/ssh/SshClient.ts"

const refused = () => Effect.dieMessage("nothing is opened")

/** A connection that is there until it is lost, or its scope ends. */
const fakeConnection = Effect.gen(function* () {
  const lost = yield* Deferred.make<void>()
  const ssh: SshClient = {
    ...{ shell: refused, exec: refused, subsystem: refused },
    ...{ directTcpip: refused, directStreamlocal: refused, listen: refused },
    closed: Deferred.await(lost),
  }
  return { ssh, lose: Deferred.succeed(lost, undefined) }
})

const failed = new TargetFailed({ reason: "timeout", message: "db-1 does not answer" })

/** A link in a scope of its own, which asks `answer` for each connection and counts them. */
const linked = (answer: Effect.Effect<SshClient, TargetFailed>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const opened: Array<string> = []
    const closed: Array<string> = []
    const connect = (name: string) =>
      Effect.acquireReleaseInterruptible(
        Effect.zipRight(
          Effect.sync(() => opened.push(name)),
          answer,
        ),
        () => Effect.sync(() => closed.push(name)),
      )
    const ask = yield* Scope.extend(targetLink(connect), scope)
    return { ask, opened, closed, end: Scope.close(scope, Exit.void) }
  })

describe("a link to a machine without an agent", () => {
  it.live("is one connection for all who ask, opened anew once it was lost, and closed with its scope at once", () =>
    Effect.gen(function* () {
      const [first, second] = [yield* fakeConnection, yield* fakeConnection]
      const answers = [first.ssh, second.ssh]
      const { ask, opened, closed, end } = yield* linked(
        Effect.suspend(() => Effect.succeed(answers.shift() as SshClient)),
      )
      expect(yield* Effect.all([ask("a"), ask("b")], { concurrency: 2 })).toEqual([first.ssh, first.ssh])
      yield* first.lose
      yield* Effect.repeat(Effect.yieldNow(), { until: () => closed.length === 1 })
      expect(yield* ask("c")).toBe(second.ssh)
      yield* Effect.timeout(end, "1 second")
      expect([opened, closed]).toEqual([
        ["a", "c"],
        ["a", "c"],
      ])
    }),
  )

  it.live("fails all who wait for the same attempt together, and tries again for who comes next", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { ask, opened, end } = yield* linked(Effect.zipRight(Deferred.await(gate), failed))
      const waiting = yield* Effect.forEach(["a", "b", "c"], (name) => Effect.fork(Effect.flip(ask(name))))
      yield* Effect.repeat(Effect.yieldNow(), { until: () => opened.length === 1 })
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(Fiber.all(waiting))).toEqual([failed, failed, failed])
      expect(yield* Effect.flip(ask("d"))).toEqual(failed)
      expect(opened).toEqual(["a", "d"])
      yield* end
    }),
  )

  it.live("is given up with its scope while it is being opened", () =>
    Effect.gen(function* () {
      const { ask, opened, end } = yield* linked(Effect.never)
      const waiting = yield* Effect.fork(ask("a"))
      yield* Effect.repeat(Effect.yieldNow(), { until: () => opened.length === 1 })
      yield* Effect.timeout(end, "1 second")
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
    }),
  )
})
