import { expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Option, Stream } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import { invited } from "../support/Fixtures.ts"
import { layerLiveHub, layerTestHub } from "../support/TestHub.ts"

const alice = UserName.make("alice")

it.scopedLive("a user stays as it is while something is done that depends on that", () =>
  Effect.gen(function* () {
    const users = yield* Users
    yield* invited("alice")
    const [inside, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const held = yield* Effect.fork(
      users.whileHeld("alice", (user) =>
        Effect.gen(function* () {
          yield* Deferred.succeed(inside, undefined)
          yield* Deferred.await(gate)
          return [
            Option.map(user, ({ roles }) => roles),
            (yield* users.find("alice")).pipe(Option.map((now) => now.roles)),
          ]
        }),
      ),
    )
    yield* Deferred.await(inside)
    const raised = yield* Effect.fork(users.update(alice, { roles: [RoleName.make("admin")] }, "tester"))
    // It waits; and would be done long before.
    expect(yield* Effect.timeoutOption(Fiber.join(raised), "300 millis")).toEqual(Option.none())
    yield* Deferred.succeed(gate, undefined)
    expect(yield* Fiber.join(held)).toEqual([Option.some(["user"]), Option.some(["user"])])
    expect((yield* Fiber.join(raised)).roles).toEqual(["admin"])
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("nobody is held who is not there", () =>
  Effect.gen(function* () {
    const users = yield* Users
    for (const name of ["nobody", "no\0body"]) {
      expect(yield* users.whileHeld(name, Effect.succeed)).toEqual(Option.none())
    }
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scoped("the audit log tells what a user who is removed could do", () =>
  Effect.gen(function* () {
    const [users, audit] = [yield* Users, yield* AuditLog]
    yield* invited("alice", ["user", "auditor"], ["ubuntu"])
    yield* users.remove(alice, "eve")
    const anything = { type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: 1 }
    expect(Chunk.toReadonlyArray(yield* Stream.runCollect(audit.list(anything)))).toMatchObject([
      {
        type: "user.delete",
        user: "eve",
        detail: { name: "alice", old: { roles: ["user", "auditor"], logins: ["ubuntu"] } },
      },
    ])
  }).pipe(Effect.provide(layerTestHub())),
)
