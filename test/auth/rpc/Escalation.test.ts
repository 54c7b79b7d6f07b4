import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { mintUserToken } from "../../../src/api/BearerToken.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import { roleOf } from "../../support/roles.ts"
import { invited, loggedIn, newKey } from "../support/Fixtures.ts"
import { serveWebSocket, webSocketClient, withTokens } from "../support/RpcHub.ts"
import { layerLiveHub } from "../support/TestHub.ts"

const helpdesk = roleOf({
  name: "helpdesk",
  allow: { admin: ["users:read", "users:write", "users:sign", "roles:read", "roles:write"], recordings: "own" },
})
const auditorsNot = roleOf({ name: "no-audit", deny: { admin: ["audit:read"] } })
const both = { admin: ["audit:read"] }
const auditorsNeither = roleOf({ name: "neither", allow: both, deny: both })
const watcher = roleOf({ name: "watcher", allow: { recordings: "all" } })
const careful = roleOf({ name: "careful", options: { second_factor: "required" } })
const night = roleOf({ name: "night", options: { session_ttl: "8h" } })

const names = (...roles: ReadonlyArray<string>) => roles.map((role) => RoleName.make(role))
const [alice, root, bob] = [UserName.make("alice"), UserName.make("root"), UserName.make("bob")]

it.scopedLive("nobody gives, takes over or changes what may do more than they", () =>
  Effect.gen(function* () {
    const web = yield* webSocketClient(yield* serveWebSocket)
    yield* Effect.flatMap(Roles, (roles) =>
      Effect.forEach(
        [helpdesk, auditorsNot, auditorsNeither, watcher, careful, night, { ...night, name: RoleName.make("night2") }],
        (role) => roles.create(role, "tester"),
      ),
    )
    const { key, certificate } = yield* loggedIn("helen", ["helpdesk"])
    const asHelen = withTokens(mintUserToken({ user: "helen", audience: "test", certificate, key: key.privateKey }))
    yield* invited("root", ["admin", "careful"])
    yield* invited("bob", ["user", "night"])
    // A role that another version left, or somebody's hand: now its owner may do nothing, and who knows what once it is mended.
    yield* invited("odd", ["admin"])
    const sql = yield* SqlClient.SqlClient
    yield* sql`INSERT INTO roles (name, document) VALUES ('strange', '{"name":"strange","allow":{"flying":true}}')`
    yield* sql`UPDATE users SET roles = '["admin","strange","night2"]' WHERE name = 'odd'`
    const sign = { ttl: "1h", public_key: newKey().line }
    const raised = [
      web.UsersAdd({ name: alice, roles: names("user", "admin"), logins: [] }),
      web.UsersAdd({ name: alice, roles: names("watcher"), logins: [] }),
      web.UsersUpdate({ name: UserName.make("helen"), roles: names("helpdesk", "auditor"), logins: null }),
      web.UsersUpdate({ name: root, roles: names("user"), logins: null }),
      web.UsersReset({ name: root }),
      web.UsersRemove({ name: root }),
      web.AuthSign({ ...sign, user: root }),
      web.RolesCreate({ document: { name: "mine", allow: { admin: ["settings:write"] } } }),
      web.RolesUpdate({ document: { name: "helpdesk", allow: { admin: ["*"] } } }),
      web.RolesUpdate({ document: { name: "no-audit" } }),
      web.RolesUpdate({ document: { name: "watcher" } }),
      web.RolesRemove({ name: RoleName.make("no-audit") }),
      web.RolesUpdate({ document: { name: "neither" } }),
      web.RolesRemove({ name: RoleName.make("neither") }),
      web.RolesUpdate({ document: { name: "careful" } }),
      web.RolesUpdate({ document: { name: "night2", deny: { logins: ["root"] } } }),
      web.UsersReset({ name: UserName.make("odd") }),
      web.UsersRemove({ name: UserName.make("odd") }),
      web.RolesUpdate({ document: { name: "careful", deny: { admin: ["users:write"] } } }),
      web.RolesRemove({ name: RoleName.make("careful") }),
    ]
    for (const [index, call] of raised.entries()) {
      const error = yield* Effect.flip(asHelen(call as Effect.Effect<unknown, { readonly _tag: string }>))
      expect([index, error]).toMatchObject([
        index,
        { _tag: "Forbidden", message: expect.stringMatching(/more than you/) },
      ])
    }
    const within = [
      web.UsersAdd({ name: alice, roles: names("user", "helpdesk"), logins: [] }),
      web.RolesUpdate({ document: { name: "night", deny: { logins: ["root"] } } }),
      web.UsersUpdate({ name: bob, roles: names("user", "no-audit"), logins: null }),
      web.UsersReset({ name: bob }),
      web.AuthSign({ ...sign, user: bob }),
      web.RolesCreate({ document: { name: "mine", allow: { admin: ["users:read"] } } }),
      web.RolesUpdate({ document: { name: "mine", allow: { admin: ["roles:read"] } } }),
      web.RolesRemove({ name: RoleName.make("mine") }),
      web.UsersRemove({ name: bob }),
    ]
    for (const call of within) yield* asHelen(call as Effect.Effect<unknown>)
  }).pipe(Effect.provide(layerLiveHub())),
)
