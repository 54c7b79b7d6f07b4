import { type SqlClient, TransactionConnection } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { Effect, Option, Schedule } from "effect"
import { withTransactions } from "./withTransactions.ts"

/** `serialization_failure` and `deadlock_detected`: of two transactions that were in each other's way, one was taken back. */
const conflicts: ReadonlySet<unknown> = new Set(["40001", "40P01"])

const isConflict = (error: unknown): boolean =>
  error instanceof SqlError && conflicts.has((error.cause as { readonly code?: unknown } | undefined)?.code)

const again = Schedule.intersect(Schedule.jittered(Schedule.exponential("10 millis")), Schedule.recurs(6))

/** A transaction that another one was in the way of is done again, as a whole: nothing of it happened. */
export const withRetriedConflicts = (sql: SqlClient): SqlClient =>
  withTransactions(sql, (effect) =>
    Effect.flatMap(Effect.serviceOption(TransactionConnection), (outer) =>
      Option.isSome(outer)
        ? sql.withTransaction(effect)
        : Effect.retry(sql.withTransaction(effect), { while: isConflict, schedule: again }),
    ),
  )
