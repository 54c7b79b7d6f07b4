import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Fiber, Option, Stream } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import { roleOf } from "../../support/roles.ts"
import { invited } from "../support/Fixtures.ts"
import { layerLiveHub, layerTestHub } from "../support/TestHub.ts"

const dev = roleOf({ name: "dev", allow: { logins: ["deploy"], node_labels: ["env=dev"] } })

const events = Effect.flatMap(AuditLog, (audit) =>
  Effect.map(
    Stream.runCollect(audit.list({ type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null })),
    (all) => Chunk.toReadonlyArray(all).filter(({ type }) => type.startsWith("role.")),
  ),
)

it.scoped("roles are made, changed and removed, each with its event", () =>
  Effect.gen(function* () {
    const roles = yield* Roles
    yield* roles.create(dev, "eve")
    expect(yield* Effect.flip(roles.create(dev, "eve"))).toMatchObject({ _tag: "Conflict" })
    expect((yield* roles.list).map(({ name }) => name)).toEqual(["admin", "auditor", "dev", "user"])
    expect(yield* roles.find("dev")).toEqual(Option.some(dev))
    const changed = roleOf({ name: "dev", deny: { logins: ["root"] } })
    yield* roles.update(changed, "mallory")
    expect(yield* roles.all([RoleName.make("dev"), RoleName.make("user")])).toMatchObject([changed, { name: "user" }])
    yield* roles.remove(dev.name, "eve")
    expect(yield* roles.find("dev")).toEqual(Option.none())
    for (const call of [roles.update(dev, "eve"), roles.remove(dev.name, "eve")]) {
      expect(yield* Effect.flip(call)).toMatchObject({ _tag: "NotFound", message: "there is no role dev" })
    }
    expect(yield* events).toMatchObject([
      { type: "role.delete", user: "eve", detail: { name: "dev", old: { deny: { logins: ["root"] } } } },
      {
        type: "role.update",
        user: "mallory",
        detail: {
          name: "dev",
          old: { allow: { logins: ["deploy"] }, deny: { logins: [] } },
          new: { allow: { logins: [] }, deny: { logins: ["root"] } },
        },
      },
      { type: "role.create", user: "eve", detail: { name: "dev", new: { allow: { node_labels: ["env=dev"] } } } },
    ])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("a role that somebody has stays until nobody has it", () =>
  Effect.gen(function* () {
    const [roles, users] = [yield* Roles, yield* Users]
    yield* roles.create(dev, "eve")
    for (const name of ["a", "b", "c", "d", "e", "f", "g"]) yield* invited(name, ["user", "dev"])
    expect(yield* Effect.flip(roles.remove(dev.name, "eve"))).toMatchObject({
      _tag: "Conflict",
      message: "the role dev is that of a, b, c, d, e and 2 more: give them others first (mezctl users update)",
    })
    expect(yield* roles.find("dev")).toEqual(Option.some(dev))
    yield* Effect.forEach(yield* users.list, ({ name }) =>
      users.update(name, { roles: [RoleName.make("user")] }, "eve"),
    )
    yield* roles.remove(dev.name, "eve")
    const late = yield* Effect.flip(users.update(UserName.make("a"), { roles: [dev.name] }, "eve"))
    expect(late.message).toBe('there is no role "dev"; there are: admin, auditor, user')
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("what is built in stays as it is", () =>
  Effect.gen(function* () {
    const roles = yield* Roles
    for (const name of ["admin", "auditor", "user"]) {
      const role = roleOf({ name })
      for (const call of [roles.create(role, "eve"), roles.update(role, "eve"), roles.remove(role.name, "eve")]) {
        expect((yield* Effect.flip(call)).message).toBe(`the role ${name} is built in: it stays as it is`)
      }
    }
    expect(yield* events).toEqual([])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("with a role that nobody knows come none at all", () =>
  Effect.gen(function* () {
    const roles = yield* Roles
    expect(yield* roles.all([RoleName.make("admin"), RoleName.make("gone")])).toEqual([])
    expect(yield* roles.all([RoleName.make("constructor")])).toEqual([])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scopedLive("a role stays as it is while something is done that depends on that", () =>
  Effect.gen(function* () {
    const roles = yield* Roles
    yield* roles.create(dev, "eve")
    const [inside, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const held = yield* Effect.fork(
      roles.whileHeld(dev.name, (role) =>
        Deferred.succeed(inside, undefined).pipe(
          Effect.zipRight(Deferred.await(gate)),
          Effect.zipRight(Effect.map(roles.find("dev"), (now) => [role, now])),
        ),
      ),
    )
    yield* Deferred.await(inside)
    const changed = roleOf({ name: "dev", allow: { admin: ["*"] } })
    const raised = yield* Effect.fork(roles.update(changed, "mallory"))
    // It waits; and would be done long before.
    expect(yield* Effect.timeoutOption(Fiber.join(raised), "300 millis")).toEqual(Option.none())
    yield* Deferred.succeed(gate, undefined)
    expect(yield* Fiber.join(held)).toEqual([Option.some(dev), Option.some(dev)])
    yield* Fiber.join(raised)
    expect(yield* roles.find("dev")).toEqual(Option.some(changed))
    expect(yield* roles.whileHeld(RoleName.make("nothing"), Effect.succeed)).toEqual(Option.none())
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("a role that somebody gets at this moment is not removed", () =>
  Effect.gen(function* () {
    const [roles, sql] = [yield* Roles, yield* SqlClient.SqlClient]
    yield* roles.create(dev, "eve")
    const [given, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const giving = invited("bob", ["user", "dev"]).pipe(
      Effect.zipRight(Deferred.succeed(given, undefined)),
      Effect.zipRight(Deferred.await(gate)),
      sql.withTransaction,
    )
    const giver = yield* Effect.fork(giving)
    yield* Deferred.await(given)
    const removed = yield* Effect.fork(Effect.flip(roles.remove(dev.name, "eve")))
    expect(yield* Effect.timeoutOption(Fiber.join(removed), "300 millis")).toEqual(Option.none())
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(giver)
    expect(yield* Fiber.join(removed)).toMatchObject({ _tag: "Conflict" })
    expect(yield* roles.find("dev")).toEqual(Option.some(dev))
  }).pipe(Effect.provide(layerLiveHub())),
)
