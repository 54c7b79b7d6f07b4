import type { SqlClient } from "@effect/sql/SqlClient"

/** The same database, with transactions that are done another way. */
export const withTransactions = (sql: SqlClient, withTransaction: SqlClient["withTransaction"]): SqlClient =>
  new Proxy(sql, { get: (of, name) => (name === "withTransaction" ? withTransaction : Reflect.get(of, name)) })
