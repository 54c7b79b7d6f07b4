import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, LogLevel, Option, Ref } from "effect"
import { Login, NodeName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { type Lock, LockId, type LockTarget } from "../../../src/domain/Lock.ts"
import { AccessControl, type LiveConnection } from "../../../src/node/access/AccessControl.ts"
import { EndReason } from "../../../src/session/EndReason.ts"
import { SessionRegistry } from "../../../src/session/SessionRegistry.ts"
import { sessionInfo } from "../../auth/support/Fixtures.ts"

const lockOn = (target: LockTarget): Lock => ({ id: LockId.make("0".repeat(26)), target, reason: "why" })
const alice = { kind: "user", name: UserName.make("alice") } as const
const root = { kind: "login", name: Login.make("root") } as const
const thisNode = { kind: "node", name: NodeName.make("web-1") } as const
const otherNode = { kind: "node", name: NodeName.make("web-2") } as const

const usages = [
  { user: "alice", login: "root" },
  { user: "alice", login: "deploy" },
  { user: "bob", login: "root" },
  { user: "bob", login: "deploy" },
]

/** A connection and a session of each, and what became of them. */
const inUse = Effect.gen(function* () {
  const [access, registry] = [yield* AccessControl, yield* SessionRegistry]
  const done: Array<string> = []
  const hold = (usage: Pick<LiveConnection, "user" | "login">) =>
    access.hold({
      ...usage,
      cut: (reason) => Effect.sync(() => void done.push(`cut ${usage.user}@${usage.login}: ${reason}`)),
    })
  for (const usage of usages) {
    yield* hold(usage)
    yield* registry.start(
      sessionInfo(usage),
      Effect.onInterrupt(Effect.never, () =>
        Effect.flatMap(Effect.flatMap(EndReason, Ref.get), (reason) =>
          Effect.sync(() => void done.push(`end ${usage.user}@${usage.login}: ${Option.getOrThrow(reason)}`)),
        ),
      ),
    )
  }
  yield* Effect.repeatN(Effect.yieldNow(), 20)
  return { access, registry, done, hold }
})

const provided = Effect.provide(
  AccessControl.layer("web-1").pipe(
    Layer.provideMerge(SessionRegistry.layer),
    Layer.merge(Logger.minimumLogLevel(LogLevel.None)),
  ),
)

describe("an agent's access control", () => {
  it.scoped("ends what a lock shuts out, sessions first, with its reason, and nothing else", () =>
    Effect.gen(function* () {
      const { access, registry, done } = yield* inUse
      yield* access.orders.lock([lockOn(otherNode)])
      expect(done).toEqual([])
      yield* access.orders.lock([lockOn(alice)])
      const reason = "alice is locked: why"
      expect(done.slice(0, 2).sort()).toEqual([`end alice@deploy: ${reason}`, `end alice@root: ${reason}`])
      expect(done.slice(2).sort()).toEqual([`cut alice@deploy: ${reason}`, `cut alice@root: ${reason}`])
      yield* access.orders.lock([lockOn(root)])
      expect(done).toContain("cut bob@root: the login root is locked: why")
      expect((yield* registry.running).map(({ user, login }) => `${user}@${login}`)).toEqual(["bob@deploy"])
      yield* access.orders.lock([lockOn(thisNode)])
      expect(done).toContain("end bob@deploy: node web-1 is locked: why")
      expect(yield* registry.running).toEqual([])
    }).pipe(provided),
  )

  it.scoped("lets nobody in that is locked, until the hub says otherwise", () =>
    Effect.gen(function* () {
      const { check, orders } = yield* AccessControl
      const letIn = Effect.forEach(usages, (usage) => Effect.isSuccess(check(usage)))
      expect(yield* letIn).toEqual([true, true, true, true])
      yield* orders.lock([lockOn(alice)])
      expect(yield* letIn).toEqual([false, false, true, true])
      yield* orders.lock([lockOn(alice), lockOn(root)])
      expect(yield* letIn).toEqual([false, false, false, true])
      expect(yield* Effect.flip(check({ user: "bob", login: "root" }))).toMatchObject({
        message: "the login root is locked: why",
        final: true,
      })
      yield* orders.lock([lockOn(thisNode)])
      expect(yield* letIn).toEqual([false, false, false, false])
      yield* orders.lock([])
      expect(yield* letIn).toEqual([true, true, true, true])
    }).pipe(provided),
  )

  it.scoped("cuts a connection that was let in just before its lock came", () =>
    Effect.gen(function* () {
      const { access, done, hold } = yield* inUse
      yield* access.orders.lock([lockOn(alice)])
      done.length = 0
      const shutOut = yield* Effect.fork(Effect.flatten(hold({ user: "alice", login: "root" })))
      yield* Fiber.join(shutOut)
      expect(done).toEqual(["cut alice@root: alice is locked: why"])
    }).pipe(provided),
  )

  it.scoped("ends one session by its id, a user's all, or everything, and what is not there is no matter", () =>
    Effect.gen(function* () {
      const { access, registry, done } = yield* inUse
      const [first] = yield* registry.running
      yield* access.orders.end({ session_id: SessionId.make(first?.sessionId ?? "") }, "enough")
      yield* access.orders.end({ session_id: SessionId.make(first?.sessionId ?? "") }, "enough")
      expect(done).toEqual(["end alice@root: enough"])
      yield* access.orders.end({ user: UserName.make("bob") }, "gone")
      expect(done).toHaveLength(5)
      yield* access.orders.leave("removed")
      expect(done.filter((what) => what.endsWith(": removed"))).toHaveLength(5)
      expect(yield* registry.running).toEqual([])
    }).pipe(provided),
  )
})
