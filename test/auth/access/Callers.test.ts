import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Duration, Effect, Either, Fiber, Option, TestClock } from "effect"
import { mintNodeToken, mintUserToken } from "../../../src/api/BearerToken.ts"
import { Callers } from "../../../src/auth/access/Callers.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { NodeName, RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import { certificateAuthority } from "../../../src/ssh/CertificateAuthority.ts"
import { credentialsOf, invited, joined, loggedIn, newKey, password } from "../support/Fixtures.ts"
import { layerTestHub, testEpochMs } from "../support/TestHub.ts"

const alice = UserName.make("alice")

it.scoped("knows a node by its key until it is removed", () =>
  Effect.gen(function* () {
    const callers = yield* Callers
    const node = yield* joined("web-1")
    const mint = (about: Partial<Parameters<typeof mintNodeToken>[0]> = {}) =>
      mintNodeToken({ nodeId: node.id, audience: "test", key: node.identity.privateKey, ...about })
    const token = yield* mint()
    expect(yield* callers.caller(token)).toMatchObject({ _tag: "Node", id: node.id, name: "web-1" })
    expect(yield* callers.verifiedNode(yield* mint())).toMatchObject({ _tag: "Node" })
    expect(yield* Effect.flip(callers.user(yield* mint()))).toMatchObject({ _tag: "InvalidToken" })
    const wrong = [{ key: newKey().privateKey }, { key: node.host.privateKey }, { audience: "other" }, { nodeId: "x" }]
    for (const about of wrong) {
      expect(yield* Effect.flip(callers.caller(yield* mint(about)))).toMatchObject({ _tag: "Unauthenticated" })
    }
    yield* Effect.flatMap(Nodes, (nodes) => nodes.remove(NodeName.make("web-1"), "tester"))
    expect((yield* Effect.flip(callers.caller(yield* mint()))).message).toMatch(/removed/)
    yield* joined("web-1")
    expect(yield* Effect.flip(callers.caller(yield* mint()))).toMatchObject({ _tag: "Unauthenticated" })
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("knows a user by a certificate, as long as it is good and the user is there", () =>
  Effect.gen(function* () {
    const [callers, users] = [yield* Callers, yield* Users]
    const { key, certificate } = yield* loggedIn("alice", ["auditor"])
    const mint = (about: Partial<Parameters<typeof mintUserToken>[0]> = {}) =>
      mintUserToken({ user: "alice", audience: "test", certificate, key: key.privateKey, ...about })
    const known = yield* callers.caller(yield* mint())
    expect(known).toMatchObject({ _tag: "User", user: "alice", roles: [{ name: "auditor" }], logins: ["root"] })
    yield* users.update(alice, { roles: [RoleName.make("user")], logins: [] }, "tester")
    expect(yield* callers.caller(yield* mint())).toMatchObject({ roles: [{ name: "user" }], logins: [] })
    const sql = yield* SqlClient.SqlClient
    yield* sql`UPDATE users SET roles = '["admin","removed"]'`
    expect(yield* callers.caller(yield* mint())).toMatchObject({ roles: [] })
    expect(yield* Effect.flip(callers.recorder(yield* mint()))).toMatchObject({ _tag: "Unauthenticated" })
    const wrong = [{ key: newKey().privateKey }, { user: "bob" }, { certificate: "AAAA" }, { audience: "other" }]
    for (const about of wrong) {
      expect(yield* Effect.flip(callers.caller(yield* mint(about)))).toMatchObject({ _tag: "Unauthenticated" })
    }
    yield* TestClock.adjust("1 second")
    yield* users.remove(alice, "tester")
    expect((yield* Effect.flip(callers.caller(yield* mint()))).message).toMatch(/doesn't know this user/)
    yield* invited("alice", ["admin"])
    expect((yield* Effect.flip(callers.caller(yield* mint()))).message).toMatch(/doesn't know this user/)
    yield* TestClock.adjust(Duration.hours(12))
    expect((yield* Effect.flip(callers.caller(yield* mint()))).message).toMatch(/expired/)
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("believes no other authority's certificate", () =>
  Effect.gen(function* () {
    const callers = yield* Callers
    const { key } = yield* loggedIn("alice", ["admin"])
    const forged = certificateAuthority(newKey().privateKey).signUser({
      publicKey: key.privateKey,
      keyId: "alice",
      principals: ["root"],
      validAfter: BigInt(testEpochMs / 1000),
      validBefore: BigInt(testEpochMs / 1000 + 3_600),
      serial: 1n,
    })
    const token = yield* mintUserToken({
      user: "alice",
      audience: "test",
      certificate: forged.blob.toString("base64"),
      key: key.privateKey,
    })
    expect((yield* Effect.flip(callers.caller(token))).message).toMatch(/not trusted/)
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("takes none of the second of a reset, nor of a login that was under way", () =>
  Effect.gen(function* () {
    const [callers, users, logins] = [yield* Callers, yield* Users, yield* Logins]
    const attempt = { user: "alice", password, code: null, publicKey: newKey().line, remoteAddress: null }
    const shown = (certificate: string) => callers.certificate(Buffer.from(certificate.split(" ")[1] ?? "", "base64"))
    yield* loggedIn("alice")
    yield* TestClock.setTime(testEpochMs + 10_100)
    const justBefore = credentialsOf(yield* logins.login({ ...attempt, invite: null }))
    const underWay = yield* Effect.fork(logins.login({ ...attempt, invite: null }))
    yield* Effect.repeatN(Effect.yieldNow(), 20)
    yield* TestClock.adjust("800 millis")
    const { invite } = yield* users.reset(alice, "tester")
    yield* TestClock.adjust("5 seconds")
    // Where the database takes its time, the login may find that the password is none any more.
    const late = yield* Effect.either(Fiber.join(underWay))
    if (Either.isLeft(late)) expect(late.left).toMatchObject({ _tag: "Unauthenticated" })
    for (const { certificate } of [justBefore, ...Option.toArray(Either.getRight(late)).map(credentialsOf)]) {
      expect((yield* Effect.flip(shown(certificate))).message).toMatch(/log in again/)
    }
    yield* users.reset(alice, "tester")
    expect((yield* Effect.flip(logins.login({ ...attempt, invite })))._tag).toBe("Unauthenticated")
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("takes no certificate of before a reset", () =>
  Effect.gen(function* () {
    const [callers, users] = [yield* Callers, yield* Users]
    const before = Buffer.from((yield* loggedIn("alice")).certificate, "base64")
    expect((yield* callers.certificate(before)).user).toBe("alice")
    yield* TestClock.adjust("1 second")
    const { invite } = yield* users.reset(alice, "tester")
    expect((yield* Effect.flip(callers.certificate(before))).message).toMatch(/log in again/)
    const logins = yield* Logins
    const key = newKey().line
    const attempt = { user: "alice", password, code: null, publicKey: key, remoteAddress: null }
    expect((yield* Effect.flip(logins.login({ ...attempt, invite: null })))._tag).toBe("Unauthenticated")
    const { certificate } = credentialsOf(yield* logins.login({ ...attempt, invite }))
    expect((yield* callers.certificate(Buffer.from(certificate.split(" ")[1] ?? "", "base64"))).user).toBe("alice")
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("takes a token once, whatever it is shown for, and remembers it for as long as it could be taken", () =>
  Effect.gen(function* () {
    const callers = yield* Callers
    const node = yield* joined("web-1")
    const { key, certificate } = yield* loggedIn("alice")
    const nodeToken = mintNodeToken({ nodeId: node.id, audience: "test", key: node.identity.privateKey })
    const userToken = mintUserToken({ user: "alice", audience: "test", certificate, key: key.privateKey })
    const replayed = { message: "the token was used before: each is good for one call" }
    const [ofNode, ofUser] = [yield* nodeToken, yield* userToken]
    yield* callers.recorder(ofNode)
    yield* callers.user(ofUser)
    for (const token of [ofNode, ofUser]) expect(yield* Effect.flip(callers.caller(token))).toMatchObject(replayed)
    expect(yield* Effect.flip(callers.verifiedNode(ofNode))).toMatchObject({ reason: "replayed" })
    yield* TestClock.adjust("359 seconds")
    for (const token of [ofNode, ofUser]) expect(yield* Effect.flip(callers.caller(token))).toMatchObject(replayed)
    yield* TestClock.adjust("1 second")
    expect((yield* Effect.flip(callers.caller(ofNode))).message).toMatch(/expired/)
    const contested = yield* nodeToken
    const taken = yield* Effect.all(
      Array.from({ length: 20 }, () => Effect.isSuccess(callers.caller(contested))),
      { concurrency: "unbounded" },
    )
    expect(taken.filter((one) => one)).toHaveLength(1)
  }).pipe(Effect.provide(layerTestHub())),
)
