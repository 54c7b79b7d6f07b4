import { describe, expect, it } from "@effect/vitest"
import { Duration, FastCheck, Option } from "effect"
import { Identity } from "../../../src/api/Identity.ts"
import type { UserIdentity } from "../../../src/auth/access/Callers.ts"
import { grantAccess } from "../../../src/auth/access/GrantAccess.ts"
import { loginTerms } from "../../../src/auth/access/LoginTerms.ts"
import { builtInRoles } from "../../../src/auth/roles/builtInRoles.ts"
import type { AccessGrant } from "../../../src/domain/AccessGrant.ts"
import { Login, UserName } from "../../../src/domain/Identifiers.ts"
import type { Role } from "../../../src/domain/Role.ts"
import { roleOf } from "../../support/roles.ts"

const own = ["alice", "root"].map((login) => Login.make(login))

const user = (...roles: ReadonlyArray<Role>) =>
  Identity.User({ user: UserName.make("alice"), roles, logins: own, createdMs: 0 }) as UserIdentity

const builtIn = (name: string) => builtInRoles.filter((role) => role.name === name)

const prod = { env: "prod", role: "web" }
const dev = { env: "dev" }
const nothing: AccessGrant = {
  user: UserName.make("alice"),
  logins: [],
  portForwarding: false,
  fileTransfer: false,
  agentForwarding: false,
  sessionTtlMs: null,
}
const everything: AccessGrant = {
  ...nothing,
  logins: own,
  portForwarding: true,
  fileTransfer: true,
  agentForwarding: true,
}

describe("what roles grant on a node", () => {
  it.each<[string, AccessGrant]>([
    ["admin", everything],
    ["user", everything],
    ["auditor", nothing],
  ])("%s, as it is built in", (name, grant) => {
    expect(grantAccess(user(...builtIn(name)), dev)).toEqual(grant)
  })

  it("is nothing without a role", () => {
    expect(grantAccess(user(), dev)).toEqual(nothing)
  })

  const web = roleOf({
    name: "web",
    allow: { logins: ["*", "deploy"], node_labels: ["env=prod,role=web", "env=dev"], file_transfer: true },
    options: { session_ttl: "8h" },
  })

  it("goes by the node's labels: all of a selector's, of any selector", () => {
    const granted = { ...nothing, logins: ["alice", "root", "deploy"], fileTransfer: true, sessionTtlMs: 28_800_000 }
    expect(grantAccess(user(web), prod)).toEqual(granted)
    expect(grantAccess(user(web), { env: "dev", more: "x" })).toEqual(granted)
    for (const labels of [{}, { env: "prod" }, { env: "prod", role: "db" }, { role: "web" }, { env: "Dev" }]) {
      expect(grantAccess(user(web), labels)).toEqual(nothing)
    }
  })

  it("takes * for any value of a label, and for any node", () => {
    const of = (selector: string) => user(roleOf({ name: "x", allow: { logins: ["deploy"], node_labels: [selector] } }))
    const reached = (selector: string) =>
      [{}, dev, prod].map((labels) => grantAccess(of(selector), labels).logins.length)
    expect(reached("*")).toEqual([1, 1, 1])
    expect(reached("env=*")).toEqual([0, 1, 1])
    expect(reached("role=*,env=prod")).toEqual([0, 0, 1])
    expect(reached("toString=*")).toEqual([0, 0, 0])
  })

  it("adds roles up, each where it allows, and takes the shortest time", () => {
    const dba = roleOf({
      name: "dba",
      allow: { logins: ["postgres"], node_labels: ["env=prod"], port_forwarding: true },
      options: { session_ttl: "1h" },
    })
    expect(grantAccess(user(web, dba), prod)).toEqual({
      ...everything,
      logins: ["alice", "root", "deploy", "postgres"],
      agentForwarding: false,
      sessionTtlMs: 3_600_000,
    })
    expect(grantAccess(user(web, dba), dev)).toMatchObject({ portForwarding: false, sessionTtlMs: 28_800_000 })
  })

  it.each<[object, object]>([
    [{ logins: ["root"] }, { logins: ["alice"] }],
    [{ logins: ["*"] }, { logins: [] }],
    [{ port_forwarding: true }, { portForwarding: false }],
    [{ file_transfer: true }, { fileTransfer: false }],
    [{ agent_forwarding: true }, { agentForwarding: false }],
    [{ node_labels: ["env=dev"] }, nothing],
    [{ node_labels: ["*"] }, nothing],
    [{ node_labels: ["env=prod"] }, everything],
    [{ recordings: "all", admin: ["*"] }, everything],
  ])("is without what any role denies: %j", (deny, change) => {
    const denying = roleOf({ name: "deny", deny })
    for (const roles of [
      [...builtIn("admin"), denying],
      [denying, ...builtIn("user")],
    ]) {
      expect(grantAccess(user(...roles), dev)).toEqual({ ...everything, ...change })
    }
  })
})

const flags = ["port_forwarding", "file_transfer", "agent_forwarding"]
const rules = FastCheck.record(
  {
    logins: FastCheck.subarray(["*", "root", "deploy"]),
    node_labels: FastCheck.subarray(["*", "env=prod", "env=dev", "env=*,role=web"]),
    ...Object.fromEntries(flags.map((flag) => [flag, FastCheck.boolean()])),
  },
  { requiredKeys: [] },
)
const anyRole = FastCheck.record({ allow: rules, deny: rules }).map((about) => roleOf({ name: "any", ...about }))

describe("whatever the roles", () => {
  it.prop(
    "one more that only denies never grants more",
    { roles: FastCheck.array(anyRole, { maxLength: 4 }), more: anyRole },
    ({ roles, more }) => {
      for (const labels of [{}, dev, prod]) {
        const before = grantAccess(user(...roles), labels)
        const after = grantAccess(user(...roles, { ...more, allow: roleOf({ name: "none" }).allow }), labels)
        expect(before.logins).toEqual(expect.arrayContaining([...after.logins]))
        for (const key of ["portForwarding", "fileTransfer", "agentForwarding"] as const) {
          expect(before[key] || !after[key]).toBe(true)
        }
      }
    },
  )

  it.prop(
    "no node grants a login that the certificate does not hold",
    { roles: FastCheck.array(anyRole, { maxLength: 4 }) },
    ({ roles }) => {
      const { logins } = loginTerms(roles, own)
      for (const labels of [{}, dev, prod]) {
        expect(logins).toEqual(expect.arrayContaining([...grantAccess(user(...roles), labels).logins]))
      }
    },
  )
})

it("a login's terms are the strictest of its roles", () => {
  const of = (options: object) => roleOf({ name: "x", allow: { logins: ["*"] }, options })
  const short = of({ certificate_ttl: "30m" })
  expect(loginTerms([of({}), of({ certificate_ttl: "2h" }), short], own)).toEqual({
    logins: own,
    certificateTtl: Option.some(Duration.minutes(30)),
    secondFactor: false,
  })
  expect(loginTerms([of({ second_factor: "required" }), of({ second_factor: "optional" })], own)).toMatchObject({
    certificateTtl: Option.none(),
    secondFactor: true,
  })
})
