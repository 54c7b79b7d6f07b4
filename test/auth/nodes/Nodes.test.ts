import { expect, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Either, Redacted, Stream, TestClock } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { JoinTokens } from "../../../src/auth/nodes/JoinTokens.ts"
import { type JoinRequest, Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { Settings } from "../../../src/auth/settings/Settings.ts"
import { NodeName } from "../../../src/domain/Identifiers.ts"
import { verifyCertificate } from "../../../src/ssh/CertificateVerification.ts"
import { parseCertificateLine } from "../../../src/ssh/OpenSshCertificate.ts"
import { publicKeyBlob } from "../../../src/ssh/OpenSshKey.ts"
import { joined, newKey } from "../support/Fixtures.ts"
import { layerTestHub, testConnections, testEpochMs } from "../support/TestHub.ts"

const request = (about: Partial<JoinRequest>): JoinRequest => ({
  token: Redacted.make("none"),
  name: NodeName.make("web-1"),
  labels: {},
  identityKey: newKey().line,
  hostKey: newKey().line,
  remoteAddress: null,
  ...about,
})
const join = (about: Partial<JoinRequest>) => Effect.flatMap(Nodes, (nodes) => nodes.join(request(about)))

const newToken = (uses: number, ttl: Duration.Duration = Duration.hours(1)) =>
  Effect.flatMap(JoinTokens, (tokens) => tokens.add({ ttl, uses, labels: null }, "tester"))

it.scoped("a token lets as many nodes join as it was made for, also of many at once, and 1 to 10,000", () =>
  Effect.gen(function* () {
    const { token } = yield* newToken(2)
    const joins = Array.from({ length: 4 }, (_, index) =>
      Effect.either(join({ token, name: NodeName.make(`node-${index}`) })),
    )
    const results = yield* Effect.all(joins, { concurrency: "unbounded" })
    expect(results.filter(Either.isRight)).toHaveLength(2)
    expect(yield* Effect.flip(join({ token }))).toMatchObject({ _tag: "Unauthenticated" })
    yield* newToken(10_000)
    for (const uses of [0, -1, 1.5, 10_001, Number.NaN]) {
      expect(yield* Effect.flip(newToken(uses))).toMatchObject({ _tag: "Invalid" })
    }
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("a token lets nodes join until it is over, each name once; who fails does not use it up", () =>
  Effect.gen(function* () {
    const { token } = yield* newToken(3)
    yield* join({ token })
    expect(yield* Effect.flip(join({ token }))).toMatchObject({ _tag: "Conflict" })
    yield* join({ token, name: NodeName.make("web-2") })
    expect(yield* Effect.flip(join({ name: NodeName.make("web-3") }))).toMatchObject({ _tag: "Unauthenticated" })
    yield* TestClock.adjust("1 hour")
    expect(yield* Effect.flip(join({ token, name: NodeName.make("web-3") }))).toMatchObject({ _tag: "Unauthenticated" })
    const nodes = yield* Effect.flatMap(Nodes, (all) => all.list)
    expect(nodes.map(({ name }) => name)).toEqual(["web-1", "web-2"])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped(
  "an address that joins with wrong tokens again and again waits, and nobody else; not for the number of good ones",
  () =>
    Effect.gen(function* () {
      const { token } = yield* newToken(200)
      const [there, elsewhere] = [{ remoteAddress: "192.0.2.7:4022" }, { remoteAddress: "192.0.2.8:4022" }]
      const named = (index: number) => ({ token, name: NodeName.make(`node-${index}`) })
      for (let index = 0; index < 100; index++) yield* join({ ...named(index), ...there })
      const wrong = Effect.map(Effect.flip(join(there)), ({ message }) => message)
      for (let times = 0; times < 60; times++) expect(yield* wrong).toMatch(/^the join token is wrong/)
      expect(yield* wrong).toMatch(/^too many joins with wrong tokens from your address: try again in \d+ s$/)
      const kept = yield* Effect.flip(join({ ...named(100), ...there, remoteAddress: "192.0.2.7:4023" }))
      expect(kept.message).toMatch(/^too many joins/)
      yield* join({ ...named(100), ...elsewhere })
      yield* TestClock.adjust("1 minute")
      yield* join({ ...named(101), ...there })
    }).pipe(Effect.provide(layerTestHub())),
)

const failedJoins = Effect.flatMap(AuditLog, (audit) =>
  Effect.map(
    Stream.runCollect(
      audit.list({ type: "node.join.failed", user: null, sessionId: null, node: null, sinceMs: null, limit: null }),
    ),
    Chunk.toReadonlyArray,
  ),
)

it.scoped("audits joins that fail, by the name that whoever fails says; not so many that they fill the log", () =>
  Effect.gen(function* () {
    const { token } = yield* newToken(3)
    yield* join({ token })
    const stranger = { name: NodeName.make("stranger"), remoteAddress: "192.0.2.8:4022" }
    const { message } = yield* Effect.flip(join(stranger))
    const taken = yield* Effect.flip(join({ token, remoteAddress: "192.0.2.9:4022" }))
    expect(yield* failedJoins).toMatchObject([
      { node: null, remote_address: "192.0.2.9:4022", detail: { name: "web-1", reason: taken.message } },
      { node: null, remote_address: "192.0.2.8:4022", detail: { name: "stranger", reason: message } },
    ])
    for (let index = 0; index < 60; index++) yield* Effect.flip(join({ remoteAddress: `192.0.2.${index}:4022` }))
    expect(yield* failedJoins).toHaveLength(60)
    yield* TestClock.adjust("1 minute")
    expect((yield* failedJoins)[0]).toMatchObject({ remote_address: null, detail: { more: 2 } })
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("refuses keys and labels that are none, before the token counts", () =>
  Effect.gen(function* () {
    const { token } = yield* newToken(1)
    const wrong: ReadonlyArray<Partial<JoinRequest>> = [
      { identityKey: "ssh-rsa AAAA" },
      { hostKey: "nonsense" },
      // The name that users write for web-1, and that web-1's certificate bears.
      { name: NodeName.make("web-1.test") },
      { labels: { "": "x" } },
      { labels: { a: "b\n" } },
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, ""])) },
    ]
    for (const about of wrong) expect(yield* Effect.flip(join({ token, ...about }))).toMatchObject({ _tag: "Invalid" })
    const ttl = yield* Effect.flip(newToken(1, Duration.days(31)))
    expect(ttl).toMatchObject({ _tag: "Invalid" })
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("gives host certificates for the node's names, for 30 days", () =>
  Effect.gen(function* () {
    const { hostCertificate } = yield* joined("web-1")
    const certificate = yield* parseCertificateLine(hostCertificate)
    const { hostCa } = yield* ClusterKeys
    const authorities = [publicKeyBlob(Redacted.value(hostCa.privateKey))]
    for (const principal of ["web-1", "web-1.test"]) {
      yield* verifyCertificate(certificate, {
        kind: "host",
        authorities,
        principal,
        nowMs: testEpochMs + 29 * 86_400_000,
      })
    }
    const late = verifyCertificate(certificate, {
      kind: "host",
      authorities,
      principal: "web-1",
      nowMs: testEpochMs + 30 * 86_400_000,
    })
    expect((yield* Effect.flip(late)).reason).toBe("validity")
    const other = verifyCertificate(certificate, { kind: "host", authorities, principal: "web-2", nowMs: testEpochMs })
    expect((yield* Effect.flip(other)).reason).toBe("principal")
  }).pipe(Effect.provide(layerTestHub())),
)

const connections = testConnections()

it.scoped("lists what nodes say of themselves, and tells which are removed", () =>
  Effect.gen(function* () {
    const [nodes, settings] = [yield* Nodes, yield* Settings]
    const [first, second] = [yield* joined("web-1"), yield* joined("web-2")]
    connections.online.add(first.id)
    yield* TestClock.adjust("1 minute")
    const registration = { version: "2", labels: { role: "web" }, hostKey: newKey().line }
    yield* nodes.register(first.id, { ...registration, mode: "node", modeSource: "env" })
    yield* nodes.register(second.id, { ...registration, mode: "node", modeSource: "cached" })
    const shown = (yield* nodes.list).map((node) => [
      node.name,
      node.online,
      node.weaker_than_cluster,
      node.labels,
      node.claimed_labels,
    ])
    expect(shown).toEqual([
      ["web-1", true, true, { env: "test" }, { role: "web" }],
      ["web-2", false, false, { env: "test" }, { role: "web" }],
    ])
    yield* settings.set("session_recording", "node", "tester")
    yield* TestClock.adjust("1 minute")
    const [one, two] = yield* nodes.list
    expect(one?.weaker_than_cluster).toBe(false)
    expect([one?.last_seen_at, two?.last_seen_at]).toEqual(["2023-11-14T22:15:20.000Z", "2023-11-14T22:14:20.000Z"])
    yield* nodes.remove(NodeName.make("web-1"), "tester")
    expect(yield* nodes.removed(new Set([first.id, second.id]))).toEqual([first.id])
    const gone = nodes.register(first.id, { ...registration, mode: "node", modeSource: "env" })
    expect(yield* Effect.flip(gone)).toMatchObject({ _tag: "NotFound" })
    expect(yield* Effect.flip(nodes.remove(NodeName.make("web-1"), "tester"))).toMatchObject({ _tag: "NotFound" })
    const audit = yield* AuditLog
    const events = yield* Stream.runCollect(
      audit.list({ type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null }),
    )
    expect(Chunk.toReadonlyArray(events).map(({ type }) => type)).toEqual([
      "node.leave",
      "config.update",
      "node.join",
      "token.create",
      "node.join",
      "token.create",
    ])
    yield* joined("web-1")
  }).pipe(Effect.provide(layerTestHub(connections.layer))),
)

it.scoped("labels who joins as the token says, where it does", () =>
  Effect.gen(function* () {
    const [nodes, tokens] = [yield* Nodes, yield* JoinTokens]
    const labels = { env: "dev" }
    const { token } = yield* tokens.add({ ttl: Duration.hours(1), uses: 3, labels }, "tester")
    const none = yield* tokens.add({ ttl: Duration.hours(1), uses: 1, labels: {} }, "tester")
    yield* join({ token, labels: { env: "prod", role: "web" } })
    yield* join({ token: none.token, name: NodeName.make("web-2"), labels: { env: "prod" } })
    expect((yield* nodes.list).map((node) => [node.labels, node.claimed_labels])).toEqual([
      [labels, { env: "prod", role: "web" }],
      [{}, { env: "prod" }],
    ])
    expect(yield* tokens.list).toMatchObject([{ uses: 2, labels }])
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("keeps the labels that a node joined with until an admin gives it others", () =>
  Effect.gen(function* () {
    const nodes = yield* Nodes
    const { id } = yield* joined("web-1")
    const about = { version: "2", mode: "node", modeSource: "env", hostKey: newKey().line } as const
    const labels = Effect.map(nodes.list, ([node]) => [node?.labels, node?.claimed_labels])
    expect(yield* labels).toEqual([{ env: "test" }, null])
    yield* nodes.register(id, { ...about, labels: { env: "prod" } })
    expect(yield* labels).toEqual([{ env: "test" }, { env: "prod" }])
    yield* nodes.label(NodeName.make("web-1"), { env: "prod" }, "eve")
    expect(yield* labels).toEqual([{ env: "prod" }, null])
    const nowhere = nodes.label(NodeName.make("web-9"), {}, "eve")
    expect(yield* Effect.flip(nowhere)).toMatchObject({ _tag: "NotFound" })
    const audit = yield* AuditLog
    const updates = {
      type: "node.update",
      user: null,
      sessionId: null,
      node: null,
      sinceMs: null,
      limit: null,
    } as const
    expect(Chunk.toReadonlyArray(yield* Stream.runCollect(audit.list(updates)))).toMatchObject([
      { user: "eve", node: "web-1", detail: { node_id: id, old: { env: "test" }, new: { env: "prod" } } },
    ])
    for (const wrong of [{ "a b": "" }, { env: "a,b" }, { env: "a\nb" }]) {
      const registered = nodes.register(id, { ...about, labels: wrong as Record<string, string> })
      expect((yield* Effect.flip(registered)).message).toMatch(/is no label; write env=prod$/)
    }
  }).pipe(Effect.provide(layerTestHub())),
)
