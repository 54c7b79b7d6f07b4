import type { SqlClient } from "@effect/sql/SqlClient"

/** Whether several hubs may use that database. */
export const isShared = (sql: SqlClient): boolean => sql.onDialectOrElse({ pg: () => true, orElse: () => false })

/** The database's own clock in Unix milliseconds: hubs' clocks may differ. */
export const databaseNow = (sql: SqlClient) =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
    orElse: () => sql.literal("CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
  })
