import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Option, TestClock } from "effect"
import { Enforcer } from "../../../src/auth/enforcement/Enforcer.ts"
import { sessionTermination } from "../../../src/auth/enforcement/sessionTermination.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { Locks } from "../../../src/auth/locks/Locks.ts"
import { Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { Login, NodeName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { invited, joined, sessionInfo } from "../support/Fixtures.ts"
import { layerTestHub, testConnections, testEpochMs } from "../support/TestHub.ts"

const [alice, bob, web1] = [UserName.make("alice"), UserName.make("bob"), NodeName.make("web-1")]

/** A hub whose connections the test makes up, and who holds them against the database. */
const enforced = () => {
  const connections = testConnections()
  const layer = Layer.provideMerge(Enforcer.layer, layerTestHub(connections.layer))
  return { ...connections, provided: Effect.provide(layer) }
}

/** A second, and what is done in it: whoever acts each second waits for the next one then. */
const second = TestClock.adjust("1 second").pipe(
  Effect.zipRight(
    Effect.promise(() => new Promise((resume) => setImmediate(resume))).pipe(
      Effect.zipRight(TestClock.sleeps()),
      Effect.repeat({ until: Chunk.isNonEmpty }),
    ),
  ),
)

it.scoped("tells each second which locks hold, without those that are over", () => {
  const { held, provided } = enforced()
  return Effect.gen(function* () {
    const [locks, enforcer] = [yield* Locks, yield* Enforcer]
    const { id } = yield* locks.add(
      { target: { kind: "login", name: Login.make("root") }, ttl: null, reason: "" },
      "admin",
    )
    yield* enforcer.now
    expect(held.at(-1)).toMatchObject([{ id }])
    yield* locks.remove(id, "admin")
    yield* second
    expect(held.at(-1)).toEqual([])
  }).pipe(provided)
})

it.scoped("cuts off who was removed or reset since, whoever has the name now, and nodes that were removed", () => {
  const { users, online, done, provided } = enforced()
  return Effect.gen(function* () {
    const [all, nodes] = [yield* Users, yield* Nodes]
    yield* Effect.forEach(["alice", "bob"], (name) => invited(name))
    const node = yield* joined("web-1")
    for (const user of [alice, bob]) users.set(user, testEpochMs)
    online.add(node.id)
    yield* second
    expect(done).toEqual([])
    yield* all.remove(alice, "admin")
    yield* second
    expect(done).toEqual(["user alice: the user alice was removed"])
    yield* invited("alice")
    yield* all.reset(bob, "admin")
    yield* nodes.remove(web1, "admin")
    done.length = 0
    yield* Effect.flatMap(Enforcer, ({ now }) => now)
    expect(done).toEqual([
      "user alice: the credentials of alice were reset",
      "user bob: the credentials of bob were reset",
      `node ${node.id}`,
    ])
  }).pipe(provided)
})

it.scoped("has a session ended again and again until it is over, also by a node that was away", () => {
  const { online, done, provided } = enforced()
  return Effect.gen(function* () {
    const sessions = yield* Sessions
    const terminate = yield* sessionTermination
    const node = yield* joined("web-1")
    const info = sessionInfo()
    const id = SessionId.make(info.sessionId)
    expect(yield* Effect.flip(terminate(id, "", "admin"))).toMatchObject({ message: `there is no session ${id}` })
    yield* sessions.started(info)
    // For as long as it takes.
    const refusal = Effect.fnUntraced(function* (by: string) {
      const refused = yield* Effect.fork(Effect.flip(terminate(id, by === "admin" ? "lunch" : "again", by)))
      yield* Effect.repeat(second, { until: () => Effect.map(Fiber.poll(refused), Option.isSome) })
      return yield* Fiber.join(refused)
    })
    expect(yield* refusal("admin")).toMatchObject({
      message: `node web-1 is offline: session ${id} ends as soon as it is back`,
    })
    online.add(node.id)
    expect(yield* refusal("boss")).toMatchObject({
      message: `node web-1 was told to end session ${id}, and has not done so yet`,
    })
    expect(new Set(done)).toEqual(new Set([`session ${id} on web-1: terminated by admin: lunch`]))
    expect(done.length).toBeGreaterThan(10)
    const end = { durationMs: 1, status: "interrupted", reason: "terminated by admin: lunch" } as const
    yield* sessions.ended({ sessionId: id, end, frames: 0, bytes: 0, recording: null })
    done.length = 0
    yield* second
    expect(done).toEqual([])
    expect(yield* Effect.flip(terminate(id, "", "admin"))).toMatchObject({
      message: expect.stringContaining(`session ${id} is over: it ended at `),
    })
  }).pipe(provided)
})
