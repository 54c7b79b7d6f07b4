import { randomUUID } from "node:crypto"
import type { RpcGroup } from "@effect/rpc"
import { expect, it } from "@effect/vitest"
import { Duration, Effect, Either, Redacted, Stream } from "effect"
import { type BearerToken, mintHubToken, mintNodeToken, mintUserToken } from "../../../src/api/BearerToken.ts"
import type { HubRpcs } from "../../../src/api/HubRpcs.ts"
import type { ClusterRpc, NodeRpc } from "../../../src/auth/access/RpcAccess.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { servedRpcs } from "../../../src/bin/hub/rpc.ts"
import { adminVerbs } from "../../../src/domain/AdminVerb.ts"
import { JoinTokenId, Login, NodeName, RoleName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { LockId } from "../../../src/domain/Lock.ts"
import { roleOf } from "../../support/roles.ts"
import { invited, joined, newKey } from "../support/Fixtures.ts"
import { serveWebSocket, unixSocketClient, webSocketClient, withTokens } from "../support/RpcHub.ts"
import { layerLiveHub } from "../support/TestHub.ts"

/** Roles of data, each with one permission alone; and one that denies all that another one allows. */
const dataRoles = [
  ...adminVerbs.map((verb) => roleOf({ name: verb.replace(":", "-"), allow: { admin: [verb] } })),
  roleOf({ name: "own", allow: { recordings: "own" } }),
  roleOf({ name: "all", allow: { recordings: "all" } }),
  roleOf({ name: "logins", allow: { logins: ["*"], node_labels: ["*"] } }),
  roleOf({ name: "denied", allow: { admin: ["*"], recordings: "all" }, deny: { admin: ["*"], recordings: "all" } }),
]

type HubRpc = RpcGroup.Rpcs<typeof HubRpcs>["_tag"]
type KnownRpc = ClusterRpc | NodeRpc | HubRpc

const members = ["admin", "auditor", "user", ...dataRoles.map(({ name }) => name)]

/** Who may make which call: written out, so that a new call needs a decision here too. `local`: at the unix socket. */
const table: Readonly<Record<KnownRpc, ReadonlyArray<string>>> = {
  UsersAdd: ["local", "admin", "users-write"],
  UsersUpdate: ["local", "admin", "users-write"],
  UsersReset: ["local", "admin", "users-write"],
  UsersList: ["local", "admin", "auditor", "users-read"],
  UsersRemove: ["local", "admin", "users-write"],
  AuthSign: ["local", "admin", "users-sign"],
  RolesList: ["local", "admin", "auditor", "roles-read"],
  RolesGet: ["local", "admin", "auditor", "roles-read"],
  RolesCreate: ["local", "admin", "roles-write"],
  RolesUpdate: ["local", "admin", "roles-write"],
  RolesRemove: ["local", "admin", "roles-write"],
  TokensAdd: ["local", "admin", "tokens-write"],
  TokensList: ["local", "admin", "tokens-read"],
  TokensRemove: ["local", "admin", "tokens-write"],
  LocksAdd: ["local", "admin", "locks-write"],
  LocksList: ["local", "admin", "auditor", "locks-read"],
  LocksRemove: ["local", "admin", "locks-write"],
  NodesAddOpenssh: ["local", "admin", "nodes-write"],
  NodesList: ["local", ...members],
  NodesLabel: ["local", "admin", "nodes-write"],
  NodesRemove: ["local", "admin", "nodes-write"],
  ConfigGet: ["local", "admin", "settings-read"],
  ConfigSet: ["local", "admin", "settings-write"],
  ConfigList: ["local", "admin", "settings-read"],
  AuditList: ["local", "admin", "auditor", "audit-read"],
  AuditVerify: ["local", "admin", "auditor", "audit-read"],
  SessionsList: ["local", "admin", "auditor", "user", "own", "all"],
  SessionsTerminate: ["local", "admin", "sessions-terminate"],
  RecordingRead: ["local", "admin", "auditor", "user", "own", "all"],
  RecordingKeyShare: ["local", "admin", "auditor", "user", "own", "all"],
  RecordingsList: ["local", "admin", "auditor", "user", "own", "all"],
  RecordingsHold: ["local", "admin", "recordings-write"],
  RecordingsRelease: ["local", "admin", "recordings-write"],
  RecordingsRemove: ["local", "admin", "recordings-write"],
  CaExport: ["local", ...members],
  RecordingSettings: ["node"],
  Register: ["node"],
  Report: ["node"],
  LocalRecording: ["hub"],
}

const callsOf = (group: { readonly requests: ReadonlyMap<string, unknown> }) => [...group.requests.keys()].sort()

it("has a row for every call that the hub serves, and none for a call that isn't there", () => {
  expect(Object.keys(table).sort()).toEqual(callsOf(servedRpcs.known))
})

it("has at the unix socket what it has for users and admins, and nothing else for everybody", () => {
  const isLocal = (rpc: string) => table[rpc as KnownRpc].includes("local")
  expect(callsOf(servedRpcs.local)).toEqual(Object.keys(table).filter(isLocal).sort())
  expect(callsOf(servedRpcs.open)).toEqual(["ClusterInfo", "Join", "Login"])
})

type Client = Effect.Effect.Success<ReturnType<typeof webSocketClient>>
type ClusterClient = Pick<Client, ClusterRpc>

const name = UserName.make("not-there")
const node = NodeName.make("not-there")
const role = RoleName.make("not-there")
const sessionId = SessionId.make("00000000-0000-4000-8000-000000000000")
const ulid = "0".repeat(26)
const document = { name: "not-there" }
const filter = { user: null, node: null, last: null, active: false }

type Call<C> = (client: C) => Effect.Effect<unknown, unknown>

/** Each call with something that is nowhere, so that whoever may make it changes nothing either. */
const clusterCalls: Readonly<Record<ClusterRpc, Call<ClusterClient>>> = {
  UsersAdd: (hub) => hub.UsersAdd({ name, roles: [], logins: [] }),
  UsersUpdate: (hub) => hub.UsersUpdate({ name, roles: null, logins: null }),
  UsersReset: (hub) => hub.UsersReset({ name }),
  UsersList: (hub) => hub.UsersList(),
  UsersRemove: (hub) => hub.UsersRemove({ name }),
  AuthSign: (hub) => hub.AuthSign({ user: name, ttl: "1h", public_key: newKey().line }),
  RolesList: (hub) => hub.RolesList(),
  RolesGet: (hub) => hub.RolesGet({ name: role }),
  RolesCreate: (hub) => hub.RolesCreate({ document: {} }),
  RolesUpdate: (hub) => hub.RolesUpdate({ document }),
  RolesRemove: (hub) => hub.RolesRemove({ name: role }),
  TokensAdd: (hub) => hub.TokensAdd({ type: "node", ttl: "1h", uses: 1, labels: null }),
  TokensList: (hub) => hub.TokensList(),
  TokensRemove: (hub) => hub.TokensRemove({ id: JoinTokenId.make(ulid) }),
  LocksAdd: (hub) => hub.LocksAdd({ target: { kind: "user", name }, ttl: null, reason: "" }),
  LocksList: (hub) => hub.LocksList(),
  LocksRemove: (hub) => hub.LocksRemove({ id: LockId.make(ulid) }),
  NodesAddOpenssh: (hub) =>
    hub.NodesAddOpenssh({ name: node, address: "", logins: [Login.make("root")], host_key: null, labels: {} }),
  NodesList: (hub) => hub.NodesList(),
  NodesLabel: (hub) => hub.NodesLabel({ name: node, labels: {} }),
  NodesRemove: (hub) => hub.NodesRemove({ name: node }),
  ConfigGet: (hub) => hub.ConfigGet({ key: "session_recording" }),
  ConfigSet: (hub) => hub.ConfigSet({ key: "not-there", value: "" }),
  ConfigList: (hub) => hub.ConfigList(),
  AuditList: (hub) =>
    Stream.runDrain(
      hub.AuditList({
        ...{ type: null, user: null, session_id: null, node: null },
        ...{ last: null, limit: 1, program: null, path: null },
      }),
    ),
  AuditVerify: (hub) => hub.AuditVerify({ known: null }),
  SessionsList: (hub) => Stream.runDrain(hub.SessionsList(filter)),
  SessionsTerminate: (hub) => hub.SessionsTerminate({ session_id: sessionId, reason: "" }),
  RecordingRead: (hub) => Stream.runDrain(hub.RecordingRead({ session_id: sessionId, sealed: false, follow: false })),
  RecordingKeyShare: (hub) => hub.RecordingKeyShare({ session_id: sessionId }),
  RecordingsList: (hub) => Stream.runDrain(hub.RecordingsList({ pending: false, held: false })),
  RecordingsHold: (hub) => hub.RecordingsHold({ session_id: sessionId, reason: "" }),
  RecordingsRelease: (hub) => hub.RecordingsRelease({ session_id: sessionId }),
  RecordingsRemove: (hub) => hub.RecordingsRemove({ session_id: sessionId, reason: "" }),
  CaExport: (hub) => hub.CaExport({ type: "user" }),
}

const nodeCalls: Readonly<Record<NodeRpc, Call<Client>>> = {
  RecordingSettings: (hub) => hub.RecordingSettings(),
  Register: (hub) =>
    hub.Register({ version: "", labels: {}, mode: "node", mode_source: "env", host_key: newKey().line }),
  Report: (hub) => hub.Report({ batch_id: randomUUID(), events: [] }),
}

const hubCalls: Readonly<Record<HubRpc, Call<Client>>> = {
  LocalRecording: (hub) => Stream.runDrain(hub.LocalRecording({ session_id: sessionId, from: 0 })),
}

const knownCalls = { ...clusterCalls, ...nodeCalls, ...hubCalls }

/** Whether the caller was let through to the call itself, whatever became of it there. */
const isLetIn = (rpc: string, call: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.either(call), (outcome) => {
    if (Either.isRight(outcome)) return true
    const error = outcome.left as { readonly _tag: string; readonly message: string }
    expect(["Forbidden", "Invalid", "NotFound", "Conflict"]).toContain(error._tag)
    return error._tag !== "Forbidden" || !error.message.includes(`(${rpc})`)
  })

/** Makes tokens of a new user with that role. */
const userToken = (user: string) =>
  Effect.gen(function* () {
    yield* invited(user, [user])
    const logins = yield* Logins
    const key = newKey()
    const about = { ttl: Duration.hours(1), publicKey: key.line, by: "tester", remoteAddress: null }
    const { certificate } = yield* logins.sign({ ...about, user: UserName.make(user) })
    const [, blob = ""] = certificate.split(" ")
    return mintUserToken({ user, audience: "test", certificate: blob, key: key.privateKey })
  })

it.scopedLive("every call is for whom the table says, over the wire", () =>
  Effect.gen(function* () {
    const [web, local] = [yield* webSocketClient(yield* serveWebSocket), yield* unixSocketClient]
    yield* Effect.flatMap(Roles, (roles) => Effect.forEach(dataRoles, (data) => roles.create(data, "tester")))
    const [machine, { hubKey }] = [yield* joined("web-1"), yield* ClusterKeys]
    const nodeToken = mintNodeToken({
      nodeId: machine.id,
      audience: "test",
      key: machine.identity.privateKey,
    })
    const tokens: ReadonlyArray<readonly [string, Effect.Effect<BearerToken>]> = [
      ...(yield* Effect.forEach(members, (user) => Effect.map(userToken(user), (token) => [user, token] as const))),
      ["node", nodeToken],
      ["hub", mintHubToken({ hubId: randomUUID(), audience: "test", key: Redacted.value(hubKey.privateKey) })],
    ]
    for (const [rpc, call] of Object.entries(knownCalls)) {
      const letIn = yield* Effect.filter(tokens, ([, token]) => isLetIn(rpc, withTokens(token)(call(web))))
      const first =
        rpc in clusterCalls && (yield* isLetIn(rpc, clusterCalls[rpc as ClusterRpc](local))) ? ["local"] : []
      const found = [...first, ...letIn.map(([caller]) => caller)]
      expect([rpc, ...found.sort()]).toEqual([rpc, ...[...table[rpc as KnownRpc]].sort()])
    }
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("no call answers who is nobody", () =>
  Effect.gen(function* () {
    const web = yield* webSocketClient(yield* serveWebSocket)
    for (const call of Object.values(knownCalls)) {
      expect(yield* Effect.flip(call(web))).toMatchObject({ _tag: "Unauthenticated" })
    }
  }).pipe(Effect.provide(layerLiveHub())),
)
