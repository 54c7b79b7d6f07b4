import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Clock, Context, Effect, Layer, Option, type Redacted, Schema } from "effect"
import { Conflict, Invalid, NotFound } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { type Login, localAdmin, type RoleName, UserName } from "../../domain/Identifiers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { Roles } from "../roles/Roles.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { newInvite } from "./Invite.ts"
import { secretDigest } from "./Secret.ts"
import { type UserRecord, type UserRow, userOf } from "./UserRecord.ts"

const mostRoles = 16
const mostLogins = 64
/** Names in one query. */
const atOnce = 500

/** What a user may do and as whom. */
export interface UserAccess {
  readonly roles: ReadonlyArray<RoleName>
  readonly logins: ReadonlyArray<Login>
}

/** A user that is to be. */
export interface NewUser extends UserAccess {
  readonly name: UserName
}

/** A user who can log in once with an invite. */
export interface InvitedUser {
  readonly user: UserRecord
  readonly invite: Redacted.Redacted<string>
  readonly expiresAtMs: number
}

const removedReason = (name: string) => `the user ${name} was removed`

const resetReason = (name: string) => `the credentials of ${name} were reset`

const taken = new Invalid({
  message: `the audit log calls whoever is at the hub's socket ${localAdmin}: choose another name`,
})

const missing = (name: string) => new NotFound({ message: `there is no user ${name}` })

/** What nobody can be called is nobody's name, however close it comes to one. */
const isName = Schema.is(UserName)

const columnsOf = ({ roles, logins }: UserAccess) => ({
  roles: JSON.stringify(Arr.dedupe(roles)),
  logins: JSON.stringify(Arr.dedupe(logins)),
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [audit, known, sessions] = [yield* AuditLog, yield* Roles, yield* Sessions]

  const check = Effect.fnUntraced(function* ({ roles, logins }: UserAccess) {
    if (roles.length > mostRoles) return yield* new Invalid({ message: `a user has ${mostRoles} roles at most` })
    if (logins.length > mostLogins) return yield* new Invalid({ message: `a user has ${mostLogins} logins at most` })
    yield* known.keep(roles)
    const names = (yield* known.list).map(({ name }) => name)
    const unknown = roles.find((role) => !names.includes(role))
    if (roles.length === 0)
      return yield* new Invalid({ message: `a user needs a role; there are: ${names.join(", ")}` })
    if (unknown !== undefined) {
      return yield* new Invalid({ message: `there is no role "${unknown}"; there are: ${names.join(", ")}` })
    }
  })

  const add = Effect.fn("Users.add")(function* (wanted: NewUser, by: string) {
    if (wanted.name === localAdmin) return yield* taken
    const { invite, expiresAtMs, columns } = yield* newInvite
    const created_ms = yield* Clock.currentTimeMillis
    const times = { created_ms, credentials_since_ms: created_ms }
    const row = { name: wanted.name, ...columnsOf(wanted), password: null, ...columns, ...times }
    const stored = Effect.gen(function* () {
      const inserted = yield* sql`INSERT INTO users ${sql.insert(row)} ON CONFLICT (name) DO NOTHING RETURNING name`
      if (inserted.length === 0) return yield* new Conflict({ message: `there is a user ${wanted.name} already` })
      yield* check(wanted)
      const detail = { name: wanted.name, roles: wanted.roles, logins: wanted.logins }
      yield* audit.append(auditEvent("user.create", { user: by, detail }))
    })
    yield* sql.withTransaction(stored)
    return { user: userOf(row), invite, expiresAtMs }
  })

  /** Takes the row's lock, in both databases: whoever else wants to change it waits for the end of this transaction. */
  const hold = (name: string) => sql<UserRow>`UPDATE users SET name = name WHERE name = ${name} RETURNING *`

  const whileHeld = <A, E, R>(name: string, use: (user: Option.Option<UserRecord>) => Effect.Effect<A, E, R>) =>
    isName(name)
      ? sql.withTransaction(Effect.flatMap(hold(name), ([row]) => use(Option.map(Option.fromNullable(row), userOf))))
      : use(Option.none())

  const update = Effect.fn("Users.update")(function* (name: UserName, wanted: Partial<UserAccess>, by: string) {
    const updated = Effect.gen(function* () {
      // Of two changes at once the second builds on the first.
      const [row] = yield* hold(name)
      if (row === undefined) return yield* missing(name)
      const { roles, logins } = userOf(row)
      const access = { roles: wanted.roles ?? roles, logins: wanted.logins ?? logins }
      yield* check(access)
      const columns = columnsOf(access)
      yield* sql`UPDATE users SET ${sql.update(columns)} WHERE name = ${name}`
      yield* audit.append(
        auditEvent("user.update", { user: by, detail: { name, old: { roles, logins }, new: access } }),
      )
      return userOf({ ...row, ...columns })
    })
    return yield* sql.withTransaction(updated)
  })

  const reset = Effect.fn("Users.reset")(function* (name: UserName, by: string) {
    const { invite, expiresAtMs, columns } = yield* newInvite
    const cleared = { ...columns, password: null, credentials_since_ms: yield* Clock.currentTimeMillis }
    const stored = Effect.gen(function* () {
      const [row] = yield* sql<UserRow>`UPDATE users SET ${sql.update(cleared)} WHERE name = ${name} RETURNING *`
      if (row === undefined) return yield* missing(name)
      yield* sql`DELETE FROM second_factors WHERE user_name = ${name}`
      yield* audit.append(auditEvent("user.reset", { user: by, detail: { name } }))
      yield* sessions.orderEnd({ kind: "user", name }, { by, reason: resetReason(name) })
      return userOf(row)
    })
    return { user: yield* sql.withTransaction(stored), invite, expiresAtMs }
  })

  const remove = Effect.fn("Users.remove")(function* (name: UserName, by: string) {
    const removed = Effect.gen(function* () {
      const [row] = yield* sql<UserRow>`DELETE FROM users WHERE name = ${name} RETURNING *`
      if (row === undefined) return yield* missing(name)
      const { roles, logins } = userOf(row)
      yield* audit.append(auditEvent("user.delete", { user: by, detail: { name, old: { roles, logins } } }))
      yield* sessions.orderEnd({ kind: "user", name }, { by, reason: removedReason(name) })
    })
    yield* sql.withTransaction(removed)
  })

  const find = Effect.fn("Users.find")(function* (name: string) {
    if (!isName(name)) return Option.none()
    const [row] = yield* sql<UserRow>`SELECT * FROM users WHERE name = ${name}`
    return Option.map(Option.fromNullable(row), userOf)
  })

  const list = Effect.map(sql<UserRow>`SELECT * FROM users ORDER BY name`, Arr.map(userOf))

  const since = (names: ReadonlyArray<UserName>) =>
    sql<Pick<UserRow, "name" | "credentials_since_ms">>`
      SELECT name, credentials_since_ms FROM users WHERE name IN ${sql.in(names)}`

  const shutOut = Effect.fn("Users.shutOut")(function* (connectedSinceMs: ReadonlyMap<UserName, number>) {
    const rows = yield* Effect.forEach(Arr.chunksOf([...connectedSinceMs.keys()], atOnce), since)
    const valid = new Map(rows.flat().map((row) => [row.name, Number(row.credentials_since_ms)]))
    return [...connectedSinceMs].flatMap(([user, sinceMs]) => {
      const validSinceMs = valid.get(user)
      if (validSinceMs === undefined) return [{ user, reason: removedReason(user) }]
      return validSinceMs > sinceMs ? [{ user, reason: resetReason(user) }] : []
    })
  })

  const redeem = Effect.fn("Users.redeem")(function* (name: string, invite: Redacted.Redacted<string>, hash: string) {
    if (!isName(name)) return false
    const now = yield* Clock.currentTimeMillis
    const redeemed = yield* sql`
      UPDATE users SET password = ${hash}, invite_digest = NULL, invite_expires_ms = NULL
      WHERE name = ${name} AND invite_digest = ${secretDigest(invite)} AND invite_expires_ms > ${now}
      RETURNING name`
    return redeemed.length === 1
  })

  return { add, update, reset, remove, find, whileHeld, list, shutOut, redeem }
})

/** The users of the cluster, people and machines. Each change is audited with it. `by`: who makes it. */
export class Users extends Context.Tag("mezite/auth/Users")<
  Users,
  {
    /** The invite is good for seven days and for one login; only its digest is kept. */
    readonly add: (wanted: NewUser, by: string) => Effect.Effect<InvitedUser, Invalid | Conflict | SqlError>
    /** Changes what is given; it holds from the next call or connection on. */
    readonly update: (
      name: UserName,
      wanted: Partial<UserAccess>,
      by: string,
    ) => Effect.Effect<UserRecord, Invalid | NotFound | SqlError>
    /**
     * A new invite; password, second factor and certificates of before are worth nothing any more, and what the user has running
     * is ordered to end.
     */
    readonly reset: (name: UserName, by: string) => Effect.Effect<InvitedUser, NotFound | SqlError>
    /** The user's certificates are worth nothing from then on, and what the user has running is ordered to end. */
    readonly remove: (name: UserName, by: string) => Effect.Effect<void, NotFound | SqlError>
    readonly find: (name: string) => Effect.Effect<Option.Option<UserRecord>, SqlError>
    /** Does something in one transaction, until whose end nobody else changes that user: what depends on who the user is. */
    readonly whileHeld: <A, E, R>(
      name: string,
      use: (user: Option.Option<UserRecord>) => Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | SqlError, R>
    readonly list: Effect.Effect<ReadonlyArray<UserRecord>, SqlError>
    /** Of users that are connected since some time (Unix milliseconds) those that may not be any more, and why. */
    readonly shutOut: (
      connectedSinceMs: ReadonlyMap<UserName, number>,
    ) => Effect.Effect<ReadonlyArray<{ readonly user: UserName; readonly reason: string }>, SqlError>
    /** Uses the invite up and sets the password's hash, both or neither; false where it isn't that user's or is over. */
    readonly redeem: (name: string, invite: Redacted.Redacted<string>, hash: string) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Users, never, SqlClient.SqlClient | AuditLog | Roles | Sessions> = Layer.effect(
    Users,
    make,
  )
}
