import { Effect, Redacted, Stream } from "effect"
import type { User } from "../../api/ClusterRpcs.ts"
import type { Login, RoleName, UserName } from "../../domain/Identifiers.ts"
import { printLine, warn } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** Creates a user; the one-time invite goes to standard output alone, and what to do with it to standard error. */
export const addUser = Effect.fn("mezctl.users.add")(function* (user: {
  readonly name: UserName
  readonly roles: ReadonlyArray<RoleName>
  readonly logins: ReadonlyArray<Login>
}) {
  const client = yield* hubOnThisHost
  const added = yield* client.UsersAdd(user)
  yield* printLine(Redacted.value(added.invite))
  yield* warn(
    `${user.name} logs in once with it, until ${added.expires_at}: msh login --hub HOST:PORT --user ${user.name} --invite INVITE`,
  )
}, Effect.scoped)

const columns: Columns<User> = {
  header: ["NAME", "ROLES", "LOGINS", "ACTIVATED", "CREATED"],
  row: (user) => [
    user.name,
    user.roles.join(","),
    user.logins.join(","),
    user.activated ? "yes" : "no",
    user.created_at,
  ],
}

/** Lists the cluster's users. */
export const listUsers = Effect.fn("mezctl.users.ls")(function* (format: ListFormat) {
  const client = yield* hubOnThisHost
  yield* printList(Stream.fromIterable(yield* client.UsersList()), format, columns)
}, Effect.scoped)

/** Removes a user: their certificates are worth nothing from then on. */
export const removeUser = Effect.fn("mezctl.users.rm")(function* (name: UserName) {
  const client = yield* hubOnThisHost
  yield* client.UsersRemove({ name })
}, Effect.scoped)
