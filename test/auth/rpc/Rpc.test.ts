import { randomUUID } from "node:crypto"
import * as RpcClient from "@effect/rpc/RpcClient"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Redacted, Stream } from "effect"
import { mintNodeToken, mintUserToken } from "../../../src/api/BearerToken.ts"
import { Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { NodeName, RoleName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { masterKey } from "../../support/recordings.ts"
import { roleOf } from "../../support/roles.ts"
import { credentialsOf, joined, loggedIn, newKey, sessionInfo } from "../support/Fixtures.ts"
import { serveWebSocket, unixSocketClient, webSocketClient, withTokens } from "../support/RpcHub.ts"
import { layerLiveHub } from "../support/TestHub.ts"

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

/** The headers of a user who has just logged in. */
const asUser = (name: string, ...roles: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { key, certificate } = yield* loggedIn(name, roles)
    return withTokens(mintUserToken({ user: name, audience: "test", certificate, key: key.privateKey }))
  })

const anything = {
  type: null,
  user: null,
  session_id: null,
  node: null,
  last: null,
  limit: null,
  program: null,
  path: null,
} as const

it.scopedLive("an admin at the unix socket adds a user, who logs in and sees what is hers", () =>
  Effect.gen(function* () {
    const admin = yield* unixSocketClient
    const web = yield* webSocketClient(yield* serveWebSocket)
    const added = yield* admin.UsersAdd({ name: UserName.make("alice"), roles: [RoleName.make("user")], logins: [] })
    const key = newKey()
    const answer = yield* web.Login({
      user: "alice",
      invite: Redacted.value(added.invite),
      password: Redacted.make("correct horse"),
      code: null,
      public_key: key.line,
    })
    const credentials = credentialsOf(answer)
    expect(credentials.cluster).toMatchObject({ cluster: "test", version: "1.2.3", ssh_port: 3023 })
    expect(yield* web.ClusterInfo()).toEqual(credentials.cluster)
    expect(yield* admin.CaExport({ type: "host" })).toBe(credentials.cluster.host_ca)
    const [login] = yield* collect(admin.AuditList({ ...anything, limit: 1 }))
    expect(login).toMatchObject({ type: "user.login", user: "alice", remote_address: "127.0.0.1" })
    const created = yield* collect(admin.AuditList({ ...anything, type: "user.create", last: "1h" }))
    expect(created).toMatchObject([{ user: "local-admin", remote_address: null, detail: { name: "alice" } }])
    expect(yield* admin.AuditVerify({ known: null })).toMatchObject({ events: 2, problem: null })
    expect(yield* admin.UsersList()).toMatchObject([{ name: "alice", activated: true }])
    yield* admin.ConfigSet({ key: "session_recording", value: "node" })
    expect(yield* admin.ConfigGet({ key: "session_recording" })).toBe("node")
    expect(yield* Effect.flip(admin.ConfigSet({ key: "session_recording", value: "x" }))).toMatchObject({
      _tag: "Invalid",
    })
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("a node joins, registers and reports under its own name, and may do nothing else", () =>
  Effect.gen(function* () {
    const admin = yield* unixSocketClient
    const web = yield* webSocketClient(yield* serveWebSocket)
    const { token } = yield* admin.TokensAdd({ type: "node", ttl: "1h", uses: 1, labels: null })
    const [identity, host] = [newKey(), newKey()]
    const name = NodeName.make("web-1")
    const keys = { identity_key: identity.line, host_key: host.line }
    const node = yield* web.Join({ token, name, labels: { role: "web" }, ...keys })
    const bearer = mintNodeToken({ nodeId: node.node_id, audience: "test", key: identity.privateKey })
    const asNode = withTokens(bearer)
    expect(yield* asNode(web.RecordingSettings())).toEqual({
      session_recording: "node-sync",
      spool_key: { id: masterKey.id, public_key: masterKey.recipientKey.base64 },
    })
    const registration = { version: "9", labels: {}, mode: "node", mode_source: "env", host_key: host.line } as const
    const registered = yield* asNode(web.Register(registration))
    expect(registered.host_certificate).toMatch(/^ssh-ed25519-cert-v01@openssh.com /)
    const forged = auditEvent("session.rejected", { node: "forged", detail: { reason: "full" } })
    yield* asNode(web.Report({ batch_id: randomUUID(), events: [forged] }))
    const rejected = yield* collect(admin.AuditList({ ...anything, type: "session.rejected" }))
    // Where it calls from is not where somebody was whom it tells of.
    expect(rejected).toMatchObject([{ node: "web-1", remote_address: null, detail: { reason: "full" } }])
    expect(yield* admin.NodesList()).toMatchObject([{ name: "web-1", version: "9", weaker_than_cluster: true }])
    expect(yield* Effect.flip(asNode(web.NodesList()))).toMatchObject({ _tag: "Forbidden" })
    expect(yield* Effect.flip(asNode(collect(web.AuditList(anything))))).toMatchObject({ _tag: "Forbidden" })
    yield* admin.NodesRemove({ name })
    expect(yield* Effect.flip(asNode(web.RecordingSettings()))).toMatchObject({ _tag: "Unauthenticated" })
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("users see their own sessions, auditors all, and reading a recording leaves a trace", () =>
  Effect.gen(function* () {
    const [admin, sessions] = [yield* unixSocketClient, yield* Sessions]
    const web = yield* webSocketClient(yield* serveWebSocket)
    const beforeMs = Date.now()
    const [alice, auditor] = [yield* asUser("alice", "user"), yield* asUser("eve", "auditor")]
    const own = sessionInfo({ user: "alice", startedAtMs: Date.now() })
    // Moments before she was added: with a certificate that is no later than that.
    const earlier = sessionInfo({ user: "alice", startedAtMs: beforeMs - 1_000 })
    const others = sessionInfo({ user: "bob", startedAtMs: 5 })
    yield* Effect.forEach([own, earlier, others], sessions.started)
    const filter = { user: null, node: null, last: null, active: false }
    const seen = (calls: Stream.Stream<{ readonly session_id: string }, unknown>) =>
      Effect.map(collect(calls), (all) => all.map(({ session_id }) => session_id))
    expect(yield* alice(seen(web.SessionsList(filter)))).toEqual([own.sessionId])
    expect(yield* alice(seen(web.SessionsList({ ...filter, user: "bob" })))).toEqual([])
    expect(yield* auditor(seen(web.SessionsList(filter)))).toEqual([own.sessionId, earlier.sessionId, others.sessionId])
    const read = (id: string) =>
      Effect.map(collect(web.RecordingRead({ session_id: SessionId.make(id), sealed: true, follow: false })), (parts) =>
        Buffer.concat(parts).toString(),
      )
    expect(yield* alice(read(own.sessionId))).toBe(`sealed:${own.sessionId}`)
    expect(yield* auditor(read(others.sessionId))).toBe(`sealed:${others.sessionId}`)
    const missing = sessionInfo().sessionId
    const absent = yield* Effect.flip(alice(read(missing)))
    // Another's, and that of somebody who had her name before.
    for (const { sessionId } of [others, earlier]) {
      const hidden = yield* Effect.flip(alice(read(sessionId)))
      expect(JSON.stringify(hidden).replace(sessionId, missing)).toBe(JSON.stringify(absent))
    }
    expect(absent).toMatchObject({ _tag: "NotFound" })
    const trace = yield* collect(admin.AuditList({ ...anything, type: "session.recording.access" }))
    expect(trace.map(({ user, session_id }) => [user, session_id])).toEqual([
      ["eve", others.sessionId],
      ["alice", own.sessionId],
    ])
    expect(yield* Effect.flip(auditor(web.ConfigList()))).toMatchObject({ _tag: "Forbidden" })
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("a user is shown the nodes that the roles reach, and who may see nodes all", () =>
  Effect.gen(function* () {
    const web = yield* webSocketClient(yield* serveWebSocket)
    const roles = yield* Roles
    yield* roles.create(roleOf({ name: "dev", allow: { logins: ["*"], node_labels: ["env=test"] } }), "tester")
    yield* roles.create(roleOf({ name: "ops", allow: { admin: ["nodes:read"] } }), "tester")
    yield* joined("web-1")
    yield* joined("web-2")
    yield* Effect.flatMap(Nodes, (nodes) => nodes.label(NodeName.make("web-2"), { env: "prod" }, "tester"))
    const shown = Effect.map(web.NodesList(), (all) => all.map(({ name }) => name))
    const seenBy = (role: string) => Effect.flatMap(asUser(role, role), (as) => as(shown))
    const seen = yield* Effect.forEach(["user", "dev", "ops", "auditor"], seenBy)
    expect(seen).toEqual([["web-1", "web-2"], ["web-1"], ["web-1", "web-2"], ["web-1", "web-2"]])
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("without a good token nobody is known, and a broken database stays the hub's secret", () =>
  Effect.gen(function* () {
    const admin = yield* unixSocketClient
    const web = yield* webSocketClient(yield* serveWebSocket)
    for (const authorization of ["", "Bearer", "Bearer x", "Basic abc", `Bearer ${"a".repeat(50_000)}`]) {
      const call = RpcClient.withHeaders({ authorization })(web.RecordingSettings())
      expect(yield* Effect.flip(call)).toMatchObject({ _tag: "Unauthenticated" })
    }
    yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ALTER TABLE users RENAME TO lost`)
    const error = yield* Effect.flip(admin.UsersList())
    expect(error).toMatchObject({ _tag: "Unavailable" })
    expect(JSON.stringify(error)).not.toMatch(/users|SQL/)
  }).pipe(Effect.provide(layerLiveHub())),
)
