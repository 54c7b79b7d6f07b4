import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { parseRole } from "../../src/domain/parseRole.ts"
import { Role } from "../../src/domain/Role.ts"

const rules = {
  logins: [],
  node_labels: [],
  port_forwarding: false,
  file_transfer: false,
  agent_forwarding: false,
  recordings: "none",
  admin: [],
}

describe("a role's document", () => {
  it("allows and denies nothing that it does not name", () => {
    const role = Either.getOrThrow(parseRole({ name: "idle" }))
    expect(Schema.encodeSync(Role)(role)).toEqual({
      name: "idle",
      description: "",
      allow: rules,
      deny: rules,
      options: { session_ttl: null, certificate_ttl: null, second_factor: "optional" },
    })
  })

  it.each<[unknown, string]>([
    ["hello", "a role is a map with these keys: name, description, allow, deny, options"],
    [null, "a role is a map with these keys: name, description, allow, deny, options"],
    [{}, "name is missing: 1 to 64 lower-case letters, digits, '_' or '-'"],
    [{ name: "A b" }, `name is "A b"; it takes 1 to 64 lower-case letters, digits, '_' or '-'`],
    [{ name: "x", alow: {} }, "there is no key alow; there are: name, description, allow, deny, options"],
    [
      JSON.parse('{"name":"x","__proto__":{}}'),
      "there is no key __proto__; there are: name, description, allow, deny, options",
    ],
    [
      { name: "x", deny: { login: ["root"] } },
      "there is no key deny.login; there are: logins, node_labels, port_forwarding, file_transfer, agent_forwarding, recordings, admin",
    ],
    [
      { name: "x", options: { ttl: "1h" } },
      "there is no key options.ttl; there are: session_ttl, certificate_ttl, second_factor",
    ],
    [
      { name: "x", allow: { logins: "root" } },
      'allow.logins is "root"; it takes a list of up to 64 names of accounts, or "*"',
    ],
    [
      { name: "x", allow: { logins: ["root", "a b"] } },
      'allow.logins[1] is "a b"; it takes a list of up to 64 names of accounts, or "*"',
    ],
    [
      { name: "x", allow: { node_labels: ["env"] } },
      'allow.node_labels[0] is "env"; it takes a list of up to 64 selectors such as "env=prod,role=web", or "*"',
    ],
    [{ name: "x", allow: { port_forwarding: "yes" } }, 'allow.port_forwarding is "yes"; it takes true or false'],
    [{ name: "x", allow: { recordings: "mine" } }, 'allow.recordings is "mine"; it takes none, own or all'],
    [
      { name: "x", options: { session_ttl: 8 } },
      "options.session_ttl is 8; it takes a duration from 1m to 7d, such as 8h",
    ],
    [
      { name: "x", options: { certificate_ttl: "1s" } },
      'options.certificate_ttl is "1s"; it takes a duration from 1m to 30d, such as 8h',
    ],
    [{ name: "x", options: { second_factor: true } }, "options.second_factor is true; it takes optional or required"],
    [
      { name: "x", allow: null },
      "allow is null; it takes keys: logins, node_labels, port_forwarding, file_transfer, agent_forwarding, recordings, admin",
    ],
  ])("is read strictly: %j", (document, message) => {
    expect(parseRole(document)).toEqual(Either.left(message))
  })

  it("names the verbs that there are", () => {
    expect(Either.getLeft(parseRole({ name: "x", allow: { admin: ["root"] } }))).toMatchObject({
      value: expect.stringMatching(/^allow\.admin\[0\] is "root"; it takes a list of: \*, audit:read, /),
    })
  })

  it.prop("of anything is a role or one line that says why not", { document: FastCheck.anything() }, ({ document }) => {
    const parsed = parseRole(document)
    if (Either.isLeft(parsed)) expect(parsed.left).toMatch(/^[^\n]+$/)
  })
})
