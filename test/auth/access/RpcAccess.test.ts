import { randomUUID } from "node:crypto"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { ClusterRpcs } from "../../../src/api/ClusterRpcs.ts"
import { CurrentIdentity, Identity } from "../../../src/api/Identity.ts"
import { NodeRpcs } from "../../../src/api/NodeRpcs.ts"
import { permissions } from "../../../src/auth/access/Permissions.ts"
import {
  authorize,
  authorizeNode,
  type ClusterRpc,
  mayCall,
  type NodeRpc,
  visibleTo,
} from "../../../src/auth/access/RpcAccess.ts"
import { NodeId, NodeName, RoleName, UserName } from "../../../src/domain/Identifiers.ts"

const user = (...roles: ReadonlyArray<string>) =>
  Identity.User({ user: UserName.make("alice"), roles: roles.map((role) => RoleName.make(role)), logins: [] })

const callers = {
  local: Identity.LocalAdmin(),
  admin: user("admin"),
  auditor: user("auditor"),
  user: user("user"),
  nobody: user(),
  stranger: user("constructor"),
  node: Identity.Node({ id: NodeId.make(randomUUID()), name: NodeName.make("web-1") }),
}
type Caller = keyof typeof callers

const admins: ReadonlyArray<Caller> = ["local", "admin"]
const auditors: ReadonlyArray<Caller> = ["local", "admin", "auditor"]
const members: ReadonlyArray<Caller> = ["local", "admin", "auditor", "user"]

/** Who may make which call: written out, so that a new call needs a decision here too. */
const table: Readonly<Record<ClusterRpc, ReadonlyArray<Caller>>> = {
  UsersAdd: admins,
  UsersList: admins,
  UsersRemove: admins,
  AuthSign: admins,
  TokensAdd: admins,
  NodesList: members,
  NodesRemove: admins,
  ConfigGet: admins,
  ConfigSet: admins,
  ConfigList: admins,
  AuditList: auditors,
  AuditVerify: auditors,
  SessionsList: members,
  RecordingRead: members,
  CaExport: members,
}

it("has a row for every call, and none for a call that isn't there", () => {
  expect(Object.keys(table).sort()).toEqual([...ClusterRpcs.requests.keys()].sort())
})

const everyCall = [...ClusterRpcs.requests.keys()] as ReadonlyArray<ClusterRpc>

it.each(everyCall)("%s is for whom the table says", (rpc) => {
  const allowed = (Object.keys(callers) as ReadonlyArray<Caller>).filter((caller) => mayCall(rpc, callers[caller]))
  expect(allowed).toEqual(table[rpc])
})

it.effect("authorize lets those through, and forbids the others", () =>
  Effect.gen(function* () {
    for (const rpc of everyCall) {
      for (const [name, identity] of Object.entries(callers)) {
        const decided = authorize(rpc).pipe(Effect.provideService(CurrentIdentity, identity), Effect.merge)
        const expected = table[rpc].some((allowed) => allowed === name) ? identity._tag : "Forbidden"
        expect([rpc, name, (yield* decided)._tag]).toEqual([rpc, name, expected])
      }
    }
  }),
)

it.effect("the nodes' calls are for nodes alone", () =>
  Effect.gen(function* () {
    for (const rpc of [...NodeRpcs.requests.keys()] as ReadonlyArray<NodeRpc>) {
      for (const [name, identity] of Object.entries(callers)) {
        const decided = authorizeNode(rpc).pipe(Effect.provideService(CurrentIdentity, identity), Effect.merge)
        expect([rpc, name, (yield* decided)._tag]).toEqual([rpc, name, name === "node" ? "Node" : "Forbidden"])
      }
    }
  }),
)

it("sessions of others are seen by those who see all; a node and nobody see none, not even of their name", () => {
  const seen = Object.entries(callers).map(([name, identity]) => [
    name,
    visibleTo(identity, "alice"),
    visibleTo(identity, "bob"),
  ])
  expect(seen).toEqual([
    ["local", true, true],
    ["admin", true, true],
    ["auditor", true, true],
    ["user", true, false],
    ["nobody", false, false],
    ["stranger", false, false],
    ["node", false, false],
  ])
})

it("roles add up", () => {
  expect(permissions([RoleName.make("user"), RoleName.make("auditor")])).toEqual({
    administer: false,
    audit: true,
    sessions: "all",
    member: true,
  })
})
