import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Clock, Context, Duration, Effect, Layer, Option } from "effect"
import { Conflict, Invalid, NotFound } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { type Lock, LockId, type LockTarget, lockedMessage, mostLocks, type Whereabouts } from "../../domain/Lock.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { ulid } from "../audit/Ulid.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { type LockRow, lockOf } from "./LockRecord.ts"

/** A lock that is to be. */
export interface NewLock {
  readonly target: LockTarget
  /** Null: until it is removed. */
  readonly ttl: Duration.Duration | null
  readonly reason: string
}

const longestTtl = Duration.days(3_660)

/** Where a lock's target stands in an audit event; a user who is locked is not its actor. */
const about = ({ kind, name }: LockTarget) => (kind === "user" ? {} : { [kind]: name })

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [audit, sessions] = [yield* AuditLog, yield* Sessions]

  const exists = ({ kind, name }: LockTarget) => {
    if (kind === "login") return Effect.void
    const found =
      kind === "user"
        ? sql`SELECT name FROM users WHERE name = ${name}`
        : sql`SELECT name FROM nodes WHERE name = ${name}`
    return Effect.filterOrFail(
      found,
      (rows) => rows.length > 0,
      () => new NotFound({ message: `there is no ${kind} ${name}` }),
    )
  }

  const holding = (nowMs: number) => sql`(expires_ms IS NULL OR expires_ms > ${nowMs})`

  const rows = Effect.flatMap(
    Clock.currentTimeMillis,
    (nowMs) => sql<LockRow>`SELECT * FROM locks WHERE ${holding(nowMs)} ORDER BY created_ms, id`,
  )

  const insert = Effect.fnUntraced(function* (row: LockRow, target: LockTarget) {
    yield* exists(target)
    yield* sql`DELETE FROM locks WHERE expires_ms <= ${row.created_ms}`
    yield* sql`INSERT INTO locks ${sql.insert({ ...row })}`
    const expires_at = row.expires_ms === null ? null : new Date(Number(row.expires_ms)).toISOString()
    const detail = { lock_id: row.id, [target.kind]: target.name, reason: row.reason, expires_at }
    yield* audit.append(auditEvent("lock.create", { user: row.created_by, ...about(target), detail }))
    // Whoever else makes one waits for the end of this transaction since it was audited: of two at once the second counts the first.
    const [all] = yield* sql<{ count: number | string }>`SELECT COUNT(*) AS count FROM locks`
    if (Number(all?.count) > mostLocks) {
      return yield* new Conflict({ message: `there are ${mostLocks} locks: remove some with \`mezctl locks rm ID\`` })
    }
    yield* sessions.orderEnd(target, { by: row.created_by, reason: lockedMessage({ target, reason: row.reason }) })
  })

  const add = Effect.fn("Locks.add")(function* ({ target, ttl, reason }: NewLock, by: string) {
    if (ttl !== null && !Duration.between(ttl, { minimum: "1 second", maximum: longestTtl })) {
      return yield* new Invalid({ message: "a lock holds 1s at least and 3660d at most" })
    }
    const created_ms = yield* Clock.currentTimeMillis
    const row: LockRow = {
      id: LockId.make(ulid(created_ms)),
      ...target,
      reason,
      created_by: by,
      created_ms,
      expires_ms: ttl === null ? null : created_ms + Duration.toMillis(ttl),
    }
    yield* sql.withTransaction(insert(row, target))
    return row
  })

  const remove = Effect.fn("Locks.remove")(function* (id: LockId, by: string) {
    const removed = Effect.gen(function* () {
      const [row] = yield* sql<LockRow>`DELETE FROM locks WHERE id = ${id} RETURNING *`
      if (row === undefined) return yield* new NotFound({ message: `there is no lock ${id}` })
      const { target } = lockOf(row)
      const detail = { lock_id: id, [target.kind]: target.name }
      yield* audit.append(auditEvent("lock.delete", { user: by, ...about(target), detail }))
    })
    yield* sql.withTransaction(removed)
  })

  const on = Effect.fn("Locks.on")(function* (whereabouts: Whereabouts) {
    const targets = Object.entries(whereabouts).map(([kind, name]) => sql`(kind = ${kind} AND name = ${name})`)
    // Of no condition at all SQL makes one that everything meets.
    if (targets.length === 0) return Option.none()
    const nowMs = yield* Clock.currentTimeMillis
    const [row] = yield* sql<LockRow>`
      SELECT * FROM locks WHERE ${sql.or(targets)} AND ${holding(nowMs)} ORDER BY id LIMIT 1`
    return Option.map(Option.fromNullable(row), lockOf)
  })

  return { add, remove, list: rows, active: Effect.map(rows, Arr.map(lockOf)), on }
})

/**
 * Who is shut out, for a while or until further notice. Making a lock and removing one is audited with the change itself,
 * and what a lock's target has running is ordered to end; `Enforcer` sees to it.
 */
export class Locks extends Context.Tag("mezite/auth/Locks")<
  Locks,
  {
    /** `NotFound`: there is no such user or node; `Conflict`: there are as many as agents can be told. */
    readonly add: (wanted: NewLock, by: string) => Effect.Effect<LockRow, NotFound | Invalid | Conflict | SqlError>
    readonly remove: (id: LockId, by: string) => Effect.Effect<void, NotFound | SqlError>
    /** Those that hold now, the oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<LockRow>, SqlError>
    /** The same, as everybody who must obey them is told. */
    readonly active: Effect.Effect<ReadonlyArray<Lock>, SqlError>
    /** The lock that shuts this user, node or login out, if any does; who is none of them, no lock does. */
    readonly on: (whereabouts: Whereabouts) => Effect.Effect<Option.Option<Lock>, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Locks, never, SqlClient.SqlClient | AuditLog | Sessions> = Layer.effect(
    Locks,
    make,
  )
}
