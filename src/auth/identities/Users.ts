import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Clock, Context, Duration, Effect, Layer, Option, type Redacted } from "effect"
import { Conflict, Invalid, NotFound } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import type { Login, RoleName, UserName } from "../../domain/Identifiers.ts"
import { builtInRoles } from "../access/Permissions.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { newSecret, secretDigest } from "./Secret.ts"
import { type UserRecord, type UserRow, userOf } from "./UserRecord.ts"

const inviteLife = Duration.days(7)
const mostLogins = 64

/** A user that is to be. */
export interface NewUser {
  readonly name: UserName
  readonly roles: ReadonlyArray<RoleName>
  readonly logins: ReadonlyArray<Login>
}

/** A user that was added, and the invite with which it can log in, once. */
export interface InvitedUser {
  readonly user: UserRecord
  readonly invite: Redacted.Redacted<string>
  readonly expiresAtMs: number
}

const check = ({ roles, logins }: NewUser): Effect.Effect<void, Invalid> => {
  const known = Object.keys(builtInRoles)
  const unknown = roles.find((role) => !known.includes(role))
  if (roles.length === 0) return new Invalid({ message: `a user needs a role; there are: ${known.join(", ")}` })
  if (unknown !== undefined) {
    return new Invalid({ message: `there is no role "${unknown}"; there are: ${known.join(", ")}` })
  }
  return logins.length > mostLogins ? new Invalid({ message: `a user has ${mostLogins} logins at most` }) : Effect.void
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog

  const add = Effect.fn("Users.add")(function* (wanted: NewUser, by: string) {
    yield* check(wanted)
    const createdMs = yield* Clock.currentTimeMillis
    const expiresAtMs = createdMs + Duration.toMillis(inviteLife)
    const invite = newSecret()
    const row = {
      name: wanted.name,
      roles: JSON.stringify(Arr.dedupe(wanted.roles)),
      logins: JSON.stringify(Arr.dedupe(wanted.logins)),
      password: null,
      invite_digest: secretDigest(invite),
      invite_expires_ms: expiresAtMs,
      created_ms: createdMs,
    }
    const stored = Effect.gen(function* () {
      const inserted = yield* sql`INSERT INTO users ${sql.insert(row)} ON CONFLICT (name) DO NOTHING RETURNING name`
      if (inserted.length === 0) return yield* new Conflict({ message: `there is a user ${wanted.name} already` })
      const detail = { name: wanted.name, roles: wanted.roles, logins: wanted.logins }
      yield* audit.append(auditEvent("user.create", { user: by, detail }))
    })
    yield* sql.withTransaction(stored)
    return { user: userOf(row), invite, expiresAtMs }
  })

  const remove = Effect.fn("Users.remove")(function* (name: UserName, by: string) {
    const removed = Effect.gen(function* () {
      const deleted = yield* sql`DELETE FROM users WHERE name = ${name} RETURNING name`
      if (deleted.length === 0) return yield* new NotFound({ message: `there is no user ${name}` })
      yield* audit.append(auditEvent("user.delete", { user: by, detail: { name } }))
    })
    yield* sql.withTransaction(removed)
  })

  const find = Effect.fn("Users.find")(function* (name: string) {
    const [row] = yield* sql<UserRow>`SELECT * FROM users WHERE name = ${name.replaceAll("\0", "")}`
    return Option.map(Option.fromNullable(row), userOf)
  })

  const list = Effect.map(sql<UserRow>`SELECT * FROM users ORDER BY name`, Arr.map(userOf))

  const redeem = Effect.fn("Users.redeem")(function* (name: string, invite: Redacted.Redacted<string>, hash: string) {
    const now = yield* Clock.currentTimeMillis
    const redeemed = yield* sql`
      UPDATE users SET password = ${hash}, invite_digest = NULL, invite_expires_ms = NULL
      WHERE name = ${name.replaceAll("\0", "")} AND invite_digest = ${secretDigest(invite)} AND invite_expires_ms > ${now}
      RETURNING name`
    return redeemed.length === 1
  })

  return { add, remove, find, list, redeem }
})

/** The users of the cluster, people and machines. Adding and removing one is audited with the change itself. */
export class Users extends Context.Tag("mezite/auth/Users")<
  Users,
  {
    /** The invite is good for seven days and for one login; only its digest is kept. `by`: who adds, for the audit log. */
    readonly add: (wanted: NewUser, by: string) => Effect.Effect<InvitedUser, Invalid | Conflict | SqlError>
    readonly remove: (name: UserName, by: string) => Effect.Effect<void, NotFound | SqlError>
    readonly find: (name: string) => Effect.Effect<Option.Option<UserRecord>, SqlError>
    readonly list: Effect.Effect<ReadonlyArray<UserRecord>, SqlError>
    /** Uses the invite up and sets the password's hash, both or neither; false where it isn't that user's or is over. */
    readonly redeem: (name: string, invite: Redacted.Redacted<string>, hash: string) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Users, never, SqlClient.SqlClient | AuditLog> = Layer.effect(Users, make)
}
