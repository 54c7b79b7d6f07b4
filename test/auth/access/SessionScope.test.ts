import { randomUUID } from "node:crypto"
import { expect, it } from "@effect/vitest"
import { Identity } from "../../../src/api/Identity.ts"
import { isVisible, sessionScope } from "../../../src/auth/access/SessionScope.ts"
import { builtInRoles } from "../../../src/auth/roles/builtInRoles.ts"
import { NodeId, NodeName, UserName } from "../../../src/domain/Identifiers.ts"
import type { Role } from "../../../src/domain/Role.ts"
import { roleOf } from "../../support/roles.ts"

const createdMs = 1_700_000_000_000

const user = (...roles: ReadonlyArray<Role>) =>
  Identity.User({ user: UserName.make("alice"), roles, logins: [], createdMs })

const builtIn = (name: string) => user(...builtInRoles.filter((role) => role.name === name))

const four = roleOf({ name: "four-eyes", allow: { recordings: "all" }, deny: { recordings: "own" } })

it.each<[string, Identity, ReadonlyArray<boolean>]>([
  ["the local admin", Identity.LocalAdmin(), [true, true, true]],
  ["an admin", builtIn("admin"), [true, true, true]],
  ["an auditor", builtIn("auditor"), [true, true, true]],
  ["a user", builtIn("user"), [true, false, false]],
  ["nobody", user(), [false, false, false]],
  ["an auditor of others alone", user(four), [false, true, true]],
  [
    "one to whom all is denied",
    user(...builtInRoles, roleOf({ name: "x", deny: { recordings: "all" } })),
    [false, false, false],
  ],
  ["a node", Identity.Node({ id: NodeId.make(randomUUID()), name: NodeName.make("alice") }), [false, false, false]],
])("%s sees the own, another's, an earlier namesake's", (_, identity, seen) => {
  const sessions = [
    { user_name: "alice", certified_ms: createdMs + 1 },
    { user_name: "bob", certified_ms: createdMs + 1 },
    { user_name: "alice", certified_ms: String(createdMs) },
  ]
  expect(sessions.map((session) => isVisible(sessionScope(identity), session))).toEqual(seen)
})
