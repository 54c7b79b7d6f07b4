import { Effect, Option, Redacted, Stream } from "effect"
import type { User } from "../../api/ClusterRpcs.ts"
import type { Login, RoleName, UserName } from "../../domain/Identifiers.ts"
import { printLine, warn } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { adminHub } from "./AdminHub.ts"

/** The one-time invite goes to standard output alone, and what to do with it to standard error. */
const showInvite = (invited: {
  readonly user: User
  readonly invite: Redacted.Redacted<string>
  readonly expires_at: string
}) => {
  const { name } = invited.user
  const usage = `msh login --hub HOST:PORT --ca-pin sha256:… --user ${name} --invite -`
  return Effect.zipRight(
    printLine(Redacted.value(invited.invite)),
    warn(`${name} logs in once with it, until ${invited.expires_at}, and is asked for it by ${usage}`),
  )
}

/** Creates a user and shows the invite. */
export const addUser = Effect.fn("mezctl.users.add")(function* (user: {
  readonly name: UserName
  readonly roles: ReadonlyArray<RoleName>
  readonly logins: ReadonlyArray<Login>
}) {
  const client = yield* adminHub
  yield* showInvite(yield* client.UsersAdd(user))
}, Effect.scoped)

/** Changes a user's roles or logins, from the next connection on. */
export const updateUser = Effect.fn("mezctl.users.update")(function* (wanted: {
  readonly name: UserName
  readonly roles: Option.Option<ReadonlyArray<RoleName>>
  readonly logins: Option.Option<ReadonlyArray<Login>>
}) {
  if (Option.isNone(wanted.roles) && Option.isNone(wanted.logins)) {
    return yield* new WrongUsage({ message: "users update: say what changes, --roles or --logins" })
  }
  const client = yield* adminHub
  const { name, roles, logins } = wanted
  yield* client.UsersUpdate({ name, roles: Option.getOrNull(roles), logins: Option.getOrNull(logins) })
}, Effect.scoped)

/** A new invite for a user; what the user logged in with before is worth nothing any more. */
export const resetUser = Effect.fn("mezctl.users.reset")(function* (name: UserName) {
  const client = yield* adminHub
  yield* showInvite(yield* client.UsersReset({ name }))
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
  const client = yield* adminHub
  yield* printList(Stream.fromIterable(yield* client.UsersList()), format, columns)
}, Effect.scoped)

/** Removes a user: their certificates are worth nothing from then on. */
export const removeUser = Effect.fn("mezctl.users.rm")(function* (name: UserName) {
  const client = yield* adminHub
  yield* client.UsersRemove({ name })
}, Effect.scoped)
