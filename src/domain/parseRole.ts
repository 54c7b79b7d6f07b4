import { Either, ParseResult, Schema } from "effect"
import { AdminVerb } from "./AdminVerb.ts"
import { mostRoleEntries, Role } from "./Role.ts"

const rules = [
  "logins",
  "node_labels",
  "port_forwarding",
  "file_transfer",
  "agent_forwarding",
  "recordings",
  "admin",
] as const

/** The keys of a role's document, and of the parts of it. */
const keys: Readonly<Record<string, ReadonlyArray<string>>> = {
  "": ["name", "description", "allow", "deny", "options"],
  allow: rules,
  deny: rules,
  options: ["session_ttl", "certificate_ttl", "second_factor"],
}

/** What each key takes. */
const takes: Readonly<Record<string, string>> = {
  name: "1 to 64 lower-case letters, digits, '_' or '-'",
  description: "a text of 512 characters at most",
  allow: `keys: ${rules.join(", ")}`,
  deny: `keys: ${rules.join(", ")}`,
  options: `keys: ${keys.options?.join(", ")}`,
  logins: `a list of up to ${mostRoleEntries} names of accounts, or "*"`,
  node_labels: `a list of up to ${mostRoleEntries} selectors such as "env=prod,role=web", or "*"`,
  port_forwarding: "true or false",
  file_transfer: "true or false",
  agent_forwarding: "true or false",
  recordings: "none, own or all",
  admin: `a list of: *, ${AdminVerb.literals.join(", ")}`,
  session_ttl: "a duration from 1m to 7d, such as 8h",
  certificate_ttl: "a duration from 1m to 30d, such as 8h",
  second_factor: "optional or required",
}

const at = (document: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], document)

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

const word = (key: PropertyKey): string => {
  const text = String(key)
  return /^[\w-]{1,64}$/.test(text) ? text : shown(text)
}

const place = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${word(key)}`)).join("")

const complaint = (document: unknown, { _tag, path }: ParseResult.ArrayFormatterIssue): string => {
  if (path.length === 0) return `a role is a map with these keys: ${keys[""]?.join(", ")}`
  if (_tag === "Unexpected") {
    return `there is no key ${place(path)}; there are: ${keys[place(path.slice(0, -1))]?.join(", ")}`
  }
  const key = path.filter((part) => typeof part === "string").at(-1) ?? ""
  const wanted = takes[key]
  return _tag === "Missing"
    ? `${place(path)} is missing: ${wanted}`
    : `${place(path)} is ${shown(at(document, path))}; it takes ${wanted}`
}

/** Reads a role's document, strictly. The error is one line that names the first key which is unknown or has a bad value. */
export const parseRole = (document: unknown): Either.Either<Role, string> =>
  Either.mapLeft(Schema.decodeUnknownEither(Role)(document, { onExcessProperty: "error" }), (error) => {
    const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
    return first === undefined ? "this is no role" : complaint(document, first)
  })
