import { Effect, Schema, Stream } from "effect"
import { stringify } from "yaml"
import type { RoleName } from "../../domain/Identifiers.ts"
import { Role, type RoleDocument } from "../../domain/Role.ts"
import { print } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { adminHub } from "./AdminHub.ts"
import { readRoleFile } from "./RoleFile.ts"

const document = (role: Role): RoleDocument => Schema.encodeSync(Role)(role) as RoleDocument

const columns: Columns<Role> = {
  header: ["NAME", "LOGINS", "NODES", "RECORDINGS", "ADMIN", "DESCRIPTION"],
  row: ({ name, allow, description }) => [
    name,
    allow.logins.join(","),
    // A selector may hold commas.
    allow.nodeLabels.join(" "),
    allow.recordings,
    allow.admin.join(","),
    description,
  ],
}

/** Lists roles: what each allows; what it denies is for `roles get`. As JSON, the documents. */
export const listRoles = Effect.fn("mezctl.roles.ls")(function* (format: ListFormat) {
  const client = yield* adminHub
  const roles = yield* client.RolesList()
  yield* format === "json"
    ? printList(Stream.fromIterable(roles.map(document)), "json", { header: [], row: () => [] })
    : printList(Stream.fromIterable(roles), "text", columns)
}, Effect.scoped)

/** Prints a role's document, as `create` and `update` take it. */
export const getRole = Effect.fn("mezctl.roles.get")(function* (name: RoleName, format: ListFormat) {
  const client = yield* adminHub
  const role = document(yield* client.RolesGet({ name }))
  yield* print(format === "json" ? `${JSON.stringify(role, null, 2)}\n` : stringify(role))
}, Effect.scoped)

/** Makes the role that a file describes. */
export const createRole = Effect.fn("mezctl.roles.create")(function* (file: string) {
  const role = yield* readRoleFile(file)
  const client = yield* adminHub
  yield* client.RolesCreate({ document: role })
}, Effect.scoped)

/** Puts the role that a file describes in the place of the one of its name. */
export const updateRole = Effect.fn("mezctl.roles.update")(function* (file: string) {
  const role = yield* readRoleFile(file)
  const client = yield* adminHub
  yield* client.RolesUpdate({ document: role })
}, Effect.scoped)

/** Removes a role that nobody has. */
export const removeRole = Effect.fn("mezctl.roles.rm")(function* (name: RoleName) {
  const client = yield* adminHub
  yield* client.RolesRemove({ name })
}, Effect.scoped)
