import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { Identity } from "../../../src/api/Identity.ts"
import type { UserIdentity } from "../../../src/auth/access/Callers.ts"
import { grantAccess } from "../../../src/auth/access/GrantAccess.ts"
import { loginTerms } from "../../../src/auth/access/LoginTerms.ts"
import { permissions } from "../../../src/auth/access/Permissions.ts"
import { isVisible, sessionScope } from "../../../src/auth/access/SessionScope.ts"
import { adminVerbs } from "../../../src/domain/AdminVerb.ts"
import { Login, UserName } from "../../../src/domain/Identifiers.ts"
import { roleOf } from "../../support/roles.ts"

// What docs/access.md says of roles, in the simplest words, from the documents as people write them. Nothing here is the program's.

interface Rules {
  readonly logins?: ReadonlyArray<string>
  readonly node_labels?: ReadonlyArray<string>
  readonly port_forwarding?: boolean
  readonly file_transfer?: boolean
  readonly agent_forwarding?: boolean
  readonly recordings?: string
  readonly admin?: ReadonlyArray<string>
}

interface Document {
  readonly allow?: Rules
  readonly deny?: Rules
  readonly options?: { readonly session_ttl?: string; readonly second_factor?: string }
}

const flags = ["port_forwarding", "file_transfer", "agent_forwarding"] as const
const own = ["alice", "deploy"]
const everyLogin = ["alice", "deploy", "root", "postgres"]
const nodes: ReadonlyArray<Readonly<Record<string, string>>> = [
  {},
  { env: "prod" },
  { env: "prod", role: "web" },
  { env: "dev", role: "db" },
  { role: "web" },
]
const minutes: Readonly<Record<string, number>> = { "1m": 1, "2h": 120, "7d": 10_080 }

/** `A=B,C=*`: every part is true of the node. */
const matches = (selector: string, node: Readonly<Record<string, string>>): boolean => {
  if (selector === "*") return true
  for (const part of selector.split(",")) {
    const [key = "", value = ""] = part.split("=")
    if (node[key] === undefined || (value !== "*" && node[key] !== value)) return false
  }
  return true
}

const names = (rules: Rules | undefined, key: "logins" | "admin", word: string) =>
  rules?.[key]?.includes(word) === true || rules?.[key]?.includes("*") === true

const reaches = (rules: Rules | undefined, node: Readonly<Record<string, string>>) =>
  rules?.node_labels?.some((selector) => matches(selector, node)) === true

const allowsLogin = (rules: Rules | undefined, login: string) =>
  rules?.logins?.includes(login) === true || (rules?.logins?.includes("*") === true && own.includes(login))

const mayReach = (roles: ReadonlyArray<Document>, node: Readonly<Record<string, string>>) =>
  roles.some(({ allow }) => reaches(allow, node)) && !roles.some(({ deny }) => reaches(deny, node))

const mayUse = (roles: ReadonlyArray<Document>, node: Readonly<Record<string, string>>, login: string) =>
  mayReach(roles, node) &&
  roles.some(({ allow }) => reaches(allow, node) && allowsLogin(allow, login)) &&
  !roles.some(({ deny }) => names(deny, "logins", login))

const may = (roles: ReadonlyArray<Document>, node: Readonly<Record<string, string>>, flag: (typeof flags)[number]) =>
  mayReach(roles, node) &&
  roles.some(({ allow }) => reaches(allow, node) && allow?.[flag] === true) &&
  !roles.some(({ deny }) => deny?.[flag] === true)

const longest = (roles: ReadonlyArray<Document>, node: Readonly<Record<string, string>>) => {
  const limits = roles.flatMap(({ allow, options }) =>
    reaches(allow, node) && options?.session_ttl !== undefined ? [minutes[options.session_ttl] ?? 0] : [],
  )
  return !mayReach(roles, node) || limits.length === 0 ? null : Math.min(...limits) * 60_000
}

const hasVerb = (roles: ReadonlyArray<Document>, verb: string) =>
  roles.some(({ allow }) => names(allow, "admin", verb)) && !roles.some(({ deny }) => names(deny, "admin", verb))

/** `own` names the own ones, `all` both. */
const sees = (roles: ReadonlyArray<Document>, whose: "own" | "others") => {
  const words = whose === "own" ? ["own", "all"] : ["all"]
  const said = (rules: Rules | undefined) => words.includes(rules?.recordings ?? "none")
  return roles.some(({ allow }) => said(allow)) && !roles.some(({ deny }) => said(deny))
}

const anyRules = FastCheck.record(
  {
    logins: FastCheck.subarray(["*", ...everyLogin]),
    node_labels: FastCheck.subarray(["*", "env=prod", "env=*", "env=prod,role=web", "role=web", "env=dev,role=*"]),
    port_forwarding: FastCheck.boolean(),
    file_transfer: FastCheck.boolean(),
    agent_forwarding: FastCheck.boolean(),
    recordings: FastCheck.constantFrom("none", "own", "all"),
    admin: FastCheck.subarray(["*", ...adminVerbs]),
  },
  { requiredKeys: [] },
)
const anyDocument = FastCheck.record(
  {
    allow: anyRules,
    // Half of the roles deny nothing, or hardly anything would be left to tell apart.
    deny: FastCheck.oneof(FastCheck.constant({}), anyRules),
    options: FastCheck.record(
      {
        session_ttl: FastCheck.constantFrom("1m", "2h", "7d"),
        second_factor: FastCheck.constantFrom("optional", "required"),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
) as FastCheck.Arbitrary<Document>

const user = (documents: ReadonlyArray<Document>) =>
  Identity.User({
    user: UserName.make("alice"),
    roles: documents.map((document, index) => roleOf({ name: `role-${index}`, ...document })),
    logins: own.map((login) => Login.make(login)),
    createdMs: 0,
  }) as UserIdentity

it.prop(
  "whatever roles somebody has, on every node, for every login, verb and session: as the documentation says",
  { documents: FastCheck.array(anyDocument, { maxLength: 5 }) },
  ({ documents }) => {
    const identity = user(documents)
    for (const node of nodes) {
      const grant = grantAccess(identity, node)
      expect([...grant.logins].sort()).toEqual(everyLogin.filter((login) => mayUse(documents, node, login)).sort())
      expect([grant.portForwarding, grant.fileTransfer, grant.agentForwarding]).toEqual(
        flags.map((flag) => may(documents, node, flag)),
      )
      expect(grant.sessionTtlMs).toBe(longest(documents, node))
    }
    const { verbs } = permissions(identity.roles)
    expect(adminVerbs.filter((verb) => verbs.has(verb))).toEqual(adminVerbs.filter((verb) => hasVerb(documents, verb)))
    const scope = sessionScope(identity)
    const session = (user_name: string) => ({ user_name, certified_ms: 1 })
    expect(isVisible(scope, session("alice"))).toBe(sees(documents, "own"))
    expect(isVisible(scope, session("bob"))).toBe(sees(documents, "others"))
    expect(loginTerms(identity.roles, identity.logins).secondFactor).toBe(
      documents.some(({ options }) => options?.second_factor === "required"),
    )
  },
  { fastCheck: { numRuns: 500 } },
)
