import { randomUUID } from "node:crypto"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Option, Redacted, Stream, TestClock } from "effect"
import { mintHubToken, mintNodeToken, mintUserToken } from "../../../src/api/BearerToken.ts"
import { Identity } from "../../../src/api/Identity.ts"
import { Callers } from "../../../src/auth/access/Callers.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { Locks } from "../../../src/auth/locks/Locks.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { HubId, Login, NodeName, UserName } from "../../../src/domain/Identifiers.ts"
import { type LockTarget, mostLocks } from "../../../src/domain/Lock.ts"
import { joined, loggedIn, newKey, password, sessionInfo } from "../support/Fixtures.ts"
import { layerLiveHub, layerTestHub } from "../support/TestHub.ts"

const alice: LockTarget = { kind: "user", name: UserName.make("alice") }
const root: LockTarget = { kind: "login", name: Login.make("root") }
const web1: LockTarget = { kind: "node", name: NodeName.make("web-1") }

const lock = (target: LockTarget, ttl: Duration.Duration | null = null) =>
  Effect.flatMap(Locks, (locks) => locks.add({ target, ttl, reason: "why" }, "admin"))

it.scoped("holds until it is removed or its time is over; each is audited", () =>
  Effect.gen(function* () {
    const [locks, audit] = [yield* Locks, yield* AuditLog]
    const { id } = yield* lock(root)
    yield* TestClock.adjust("1 milli")
    yield* lock({ kind: "login", name: Login.make("deploy") }, Duration.minutes(1))
    expect((yield* locks.active).map(({ target }) => target.name)).toEqual(["root", "deploy"])
    expect(Option.isSome(yield* locks.on({ user: "alice", login: "deploy" }))).toBe(true)
    expect(Option.isSome(yield* locks.on({ user: "root" }))).toBe(false)
    yield* TestClock.adjust("1 minute")
    expect((yield* locks.list).map(({ name }) => name)).toEqual(["root"])
    expect(Option.isSome(yield* locks.on({ login: "deploy" }))).toBe(false)
    yield* locks.remove(id, "admin")
    expect(yield* Effect.flip(locks.remove(id, "admin"))).toMatchObject({ message: `there is no lock ${id}` })
    expect(yield* locks.active).toEqual([])
    const events = yield* Stream.runCollect(
      audit.list({ type: null, user: "admin", sessionId: null, node: null, sinceMs: null, limit: null }),
    )
    expect([...events].map(({ type, login, detail }) => [type, login, detail.reason])).toEqual([
      ["lock.delete", "root", undefined],
      ["lock.create", "deploy", "why"],
      ["lock.create", "root", "why"],
    ])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("shuts out nobody who is neither user nor node: the hub's own admin, and other hubs", () =>
  Effect.gen(function* () {
    const [locks, callers, keys] = [yield* Locks, yield* Callers, yield* ClusterKeys]
    yield* lock(root)
    expect(yield* locks.on({})).toEqual(Option.none())
    const hubId = HubId.make(randomUUID())
    const token = yield* mintHubToken({ hubId, audience: "test", key: Redacted.value(keys.hubKey.privateKey) })
    expect(yield* callers.caller(token)).toEqual(Identity.Hub({ id: hubId }))
    const long = yield* Effect.forEach([Identity.LocalAdmin(), Identity.Hub({ id: hubId })], (identity) =>
      Effect.fork(callers.watch(identity, () => Effect.void)),
    )
    yield* TestClock.adjust("5 seconds")
    for (const answer of long) expect(yield* Fiber.poll(answer)).toEqual(Option.none())
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("is for users and nodes that are there, for 1 s to ten years, and as many as agents can be told", () =>
  Effect.gen(function* () {
    for (const target of [alice, web1]) expect(yield* Effect.flip(lock(target))).toMatchObject({ _tag: "NotFound" })
    for (const ttl of [Duration.millis(1), Duration.days(3_661)]) {
      expect(yield* Effect.flip(lock(root, ttl))).toMatchObject({ _tag: "Invalid" })
    }
    const { id, ...row } = yield* lock(root)
    const sql = yield* SqlClient.SqlClient
    const rows = Array.from({ length: mostLocks - 1 }, (_, index) => ({ ...row, id: `${id}${index}` }))
    yield* sql`INSERT INTO locks ${sql.insert(rows)}`
    expect(yield* Effect.flip(lock(root))).toMatchObject({ _tag: "Conflict" })
  }).pipe(Effect.provide(layerTestHub())),
)

it.scopedLive("are never more than agents can be told, also of two that are made at once", () =>
  Effect.gen(function* () {
    const [locks, sql] = [yield* Locks, yield* SqlClient.SqlClient]
    const { id, ...row } = yield* lock(root)
    const rows = Array.from({ length: mostLocks - 2 }, (_, index) => ({ ...row, id: `${id}${index}` }))
    yield* sql`INSERT INTO locks ${sql.insert(rows)}`
    const [made, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const last = yield* Effect.fork(
      lock(root).pipe(
        Effect.zipRight(Deferred.succeed(made, undefined)),
        Effect.zipRight(Deferred.await(gate)),
        sql.withTransaction,
      ),
    )
    yield* Deferred.await(made)
    const tooMany = yield* Effect.fork(Effect.flip(lock(root)))
    expect(yield* Effect.timeoutOption(Fiber.join(tooMany), "300 millis")).toEqual(Option.none())
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(last)
    expect(yield* Fiber.join(tooMany)).toMatchObject({ _tag: "Conflict" })
    expect(yield* locks.active).toHaveLength(mostLocks)
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scoped("shuts a user out of everything that a token, a certificate, a password or an admin gives", () =>
  Effect.gen(function* () {
    const [callers, logins] = [yield* Callers, yield* Logins]
    const { key, certificate } = yield* loggedIn("alice")
    const token = mintUserToken({ user: "alice", audience: "test", certificate, key: key.privateKey })
    const forged = yield* mintUserToken({ user: "alice", audience: "test", certificate, key: newKey().privateKey })
    const identity = yield* callers.caller(yield* token)
    const answer = yield* Effect.fork(callers.watch(identity, () => Effect.void))
    yield* lock(alice)
    const locked = { message: "alice is locked: why" }
    const attempt = { user: "alice", invite: null, password, code: null, publicKey: key.line, remoteAddress: null }
    const order = {
      user: UserName.make("alice"),
      ttl: Duration.hours(1),
      publicKey: key.line,
      by: "a",
      remoteAddress: null,
    }
    expect(yield* Effect.flip(callers.caller(yield* token))).toMatchObject(locked)
    const lockedOut = { ...locked, _tag: "LockedOut", user: Option.some("alice") }
    expect(yield* Effect.flip(callers.user(yield* token))).toMatchObject(lockedOut)
    expect(yield* Effect.flip(callers.certificate(Buffer.from(certificate, "base64")))).toMatchObject(lockedOut)
    expect(yield* Effect.flip(logins.login(attempt))).toMatchObject(locked)
    expect(yield* Effect.flip(logins.sign(order))).toMatchObject(locked)
    // Who has not proven who it is learns nothing of it.
    expect((yield* Effect.flip(callers.caller(forged))).message).not.toContain("locked")
    yield* TestClock.adjust("1 second")
    expect(yield* Effect.flip(Fiber.join(answer))).toMatchObject(locked)
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("shuts a node out but for its recordings", () =>
  Effect.gen(function* () {
    const callers = yield* Callers
    const node = yield* joined("web-1")
    const token = mintNodeToken({ nodeId: node.id, audience: "test", key: node.identity.privateKey })
    yield* lock(web1)
    expect(yield* Effect.flip(callers.verifiedNode(yield* token))).toMatchObject({ _tag: "LockedOut" })
    expect(yield* Effect.flip(callers.caller(yield* token))).toMatchObject({ message: "node web-1 is locked: why" })
    expect(yield* callers.recorder(yield* token)).toMatchObject({ name: "web-1" })
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("orders what its target has running to end, once", () =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    yield* loggedIn("alice")
    for (const about of [{}, { user: "bob" }, { user: "bob", login: "deploy" }])
      yield* sessions.started(sessionInfo(about))
    const ending = Effect.map(sessions.ending, (all) => all.map(({ end_order }) => end_order))
    yield* lock(alice)
    expect(yield* ending).toEqual(["alice is locked: why"])
    yield* lock(root)
    expect((yield* ending).sort()).toEqual(["alice is locked: why", "the login root is locked: why"])
  }).pipe(Effect.provide(layerTestHub())),
)
