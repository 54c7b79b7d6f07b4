import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Context, Effect, Either, Layer, Option, Schema } from "effect"
import { Conflict, Invalid, NotFound } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import type { RoleName } from "../../domain/Identifiers.ts"
import { parseRole } from "../../domain/parseRole.ts"
import { Role } from "../../domain/Role.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { builtInRoles } from "./builtInRoles.ts"

interface RoleRow {
  readonly name: string
  /** The role's document, JSON. */
  readonly document: string
}

const encode = Schema.encodeSync(Schema.parseJson(Role))

const shown = Schema.encodeSync(Role)

const builtIn = (name: string) => Arr.findFirst(builtInRoles, (role) => role.name === name)

const isBuiltIn = (name: string) => Option.isSome(builtIn(name))

/** None for a document that this program doesn't understand: whoever has such a role is granted nothing. */
const roleOf = ({ document }: RoleRow): Option.Option<Role> =>
  Option.flatMap(Option.liftThrowable((text: string): unknown => JSON.parse(text))(document), (parsed) =>
    Either.getRight(parseRole(parsed)),
  )

/** A stored role as the audit log tells it; null for one that this program doesn't understand. */
const told = (row: RoleRow) => Option.getOrNull(Option.map(roleOf(row), shown))

const missing = (name: string) => new NotFound({ message: `there is no role ${name}` })

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog

  const stored = Effect.map(sql<RoleRow>`SELECT * FROM roles ORDER BY name`, Arr.filterMap(roleOf))

  const list = Effect.map(stored, (own) => [...builtInRoles, ...own].sort((a, b) => (a.name < b.name ? -1 : 1)))

  const find = Effect.fn("Roles.find")(function* (name: string) {
    if (isBuiltIn(name)) return builtIn(name)
    const [row] = yield* sql<RoleRow>`SELECT * FROM roles WHERE name = ${name}`
    return Option.flatMap(Option.fromNullable(row), roleOf)
  })

  const all = Effect.fn("Roles.all")(function* (names: ReadonlyArray<RoleName>) {
    const found = yield* Effect.forEach(names, find)
    return Option.getOrElse(Option.all(found), (): ReadonlyArray<Role> => [])
  })

  const create = Effect.fn("Roles.create")(function* (role: Role, by: string) {
    const exists = new Conflict({ message: `there is a role ${role.name} already: mezctl roles update changes it` })
    if (isBuiltIn(role.name)) return yield* builtInStays(role.name)
    const row = { name: role.name, document: encode(role) }
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const inserted = yield* sql`INSERT INTO roles ${sql.insert(row)} ON CONFLICT (name) DO NOTHING RETURNING name`
        if (inserted.length === 0) return yield* exists
        yield* audit.append(auditEvent("role.create", { user: by, detail: { name: role.name, new: shown(role) } }))
      }),
    )
  })

  /** Takes the row's lock, in both databases: whoever else wants to change it waits for the end of this transaction. */
  const hold = (name: string) => sql<RoleRow>`UPDATE roles SET name = name WHERE name = ${name} RETURNING *`

  const whileHeld = <A, E, R>(name: RoleName, use: (role: Option.Option<Role>) => Effect.Effect<A, E, R>) =>
    isBuiltIn(name)
      ? use(builtIn(name))
      : sql.withTransaction(
          Effect.flatMap(hold(name), ([row]) => use(Option.flatMap(Option.fromNullable(row), roleOf))),
        )

  const keep = (names: ReadonlyArray<RoleName>) =>
    Effect.asVoid(sql`UPDATE roles SET name = name WHERE ${sql.in("name", names)}`)

  const update = Effect.fn("Roles.update")(function* (role: Role, by: string) {
    if (isBuiltIn(role.name)) return yield* builtInStays(role.name)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        // Of two changes at once the second tells what the first made.
        const [before] = yield* hold(role.name)
        if (before === undefined) return yield* missing(role.name)
        yield* sql`UPDATE roles SET document = ${encode(role)} WHERE name = ${role.name}`
        const detail = { name: role.name, old: told(before), new: shown(role) }
        yield* audit.append(auditEvent("role.update", { user: by, detail }))
      }),
    )
  })

  const remove = Effect.fn("Roles.remove")(function* (name: RoleName, by: string) {
    if (isBuiltIn(name)) return yield* builtInStays(name)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const [before] = yield* sql<RoleRow>`DELETE FROM roles WHERE name = ${name} RETURNING *`
        if (before === undefined) return yield* missing(name)
        yield* unused(name)
        yield* audit.append(auditEvent("role.delete", { user: by, detail: { name, old: told(before) } }))
      }),
    )
  })

  /** After the role was deleted in this transaction, so that whoever gives it at this moment (`keep`) waits, and then finds it gone. */
  const unused = Effect.fnUntraced(function* (name: RoleName) {
    const users = yield* sql<{ name: string; roles: string }>`SELECT name, roles FROM users ORDER BY name`
    const having = users.filter(({ roles }) => (JSON.parse(roles) as ReadonlyArray<string>).includes(name))
    if (having.length === 0) return
    const some = having.slice(0, 5).map((user) => user.name)
    const more = having.length > some.length ? ` and ${having.length - some.length} more` : ""
    return yield* new Conflict({
      message: `the role ${name} is that of ${some.join(", ")}${more}: give them others first (mezctl users update)`,
    })
  })

  return { list, find, all, whileHeld, keep, create, update, remove }
})

const builtInStays = (name: string) => new Invalid({ message: `the role ${name} is built in: it stays as it is` })

/** The cluster's roles, built-in ones among them. Each change is audited with it. `by`: who makes it. */
export class Roles extends Context.Tag("mezite/auth/Roles")<
  Roles,
  {
    /** By name. */
    readonly list: Effect.Effect<ReadonlyArray<Role>, SqlError>
    readonly find: (name: string) => Effect.Effect<Option.Option<Role>, SqlError>
    /** Those roles; none at all where one of them isn't known, since nobody knows what it denied. */
    readonly all: (names: ReadonlyArray<RoleName>) => Effect.Effect<ReadonlyArray<Role>, SqlError>
    /** Does something in one transaction, until whose end nobody else changes that role: what depends on what the role says. */
    readonly whileHeld: <A, E, R>(
      name: RoleName,
      use: (role: Option.Option<Role>) => Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | SqlError, R>
    /** Within a transaction: until its end nobody removes those of them that there are. */
    readonly keep: (names: ReadonlyArray<RoleName>) => Effect.Effect<void, SqlError>
    readonly create: (role: Role, by: string) => Effect.Effect<void, Invalid | Conflict | SqlError>
    /** Takes the place of the role of that name, for everybody who has it, at once. */
    readonly update: (role: Role, by: string) => Effect.Effect<void, Invalid | NotFound | SqlError>
    /** `Conflict`: somebody has it. */
    readonly remove: (name: RoleName, by: string) => Effect.Effect<void, Invalid | NotFound | Conflict | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Roles, never, SqlClient.SqlClient | AuditLog> = Layer.effect(Roles, make)
}
