import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import { Option } from "effect"
import type { SessionScope } from "../../access/SessionScope.ts"

/** The conditions on rows of `sessions` that somebody with that scope may see. */
export const inScope = (sql: SqlClient, { self, own, others }: SessionScope): ReadonlyArray<Fragment> => {
  const isOwn = Option.map(self, ({ user, sinceMs }) => sql`user_name = ${user} AND certified_ms > ${sinceMs}`)
  if (!others) return [own ? Option.getOrElse(isOwn, () => sql`1 = 0`) : sql`1 = 0`]
  return own ? [] : Option.toArray(Option.map(isOwn, (condition) => sql`NOT (${condition})`))
}
