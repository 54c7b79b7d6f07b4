import type * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { Effect, Option } from "effect"
import { withTransactions } from "./withTransactions.ts"

/** A COMMIT that fails, as on a full disk, is its caller's failure like any other; the library takes it for a defect. */
export const withFailingCommit = (sql: SqlClient.SqlClient): SqlClient.SqlClient =>
  withTransactions(sql, (effect) =>
    Effect.catchSomeDefect(sql.withTransaction(effect), (defect) =>
      defect instanceof SqlError ? Option.some(Effect.fail(defect)) : Option.none(),
    ),
  )
