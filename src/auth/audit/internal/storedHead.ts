import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Option } from "effect"
import type { SignedHead } from "../SignedHead.ts"

interface HeadRow {
  readonly count: number | string
  readonly digest: string
  readonly signature: string
}

/** What the database says that the log ends with; none where its row was removed. */
export const storedHead = (sql: SqlClient): Effect.Effect<Option.Option<SignedHead>, SqlError> =>
  Effect.map(sql<HeadRow>`SELECT count, digest, signature FROM audit_head WHERE one = 1`, ([row]) =>
    Option.map(Option.fromNullable(row), ({ count, digest, signature }) => ({
      count: Number(count),
      digest,
      signature,
    })),
  )
