import type { SqlClient } from "@effect/sql/SqlClient"
import { Effect } from "effect"
import { privateFile } from "./privateFile.ts"

const statements = [
  // NORMAL: what was written survives the end of the program at once, and a loss of power but for the last moments. No call waits for the disk.
  "PRAGMA fleeting.synchronous = NORMAL",
  `CREATE TABLE IF NOT EXISTS fleeting.used_tokens (
    subject TEXT NOT NULL,
    token_id TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (subject, token_id)
  ) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS fleeting.used_tokens_by_time ON used_tokens (until_ms)",
]

/**
 * Attaches a second file, for what every call writes and nobody needs after some minutes: in the hub's own each would wait until the
 * disk has it. Its tables are found by their names alone; without the file a new one is made.
 */
export const attachFleeting = Effect.fn("Database.attachFleeting")(function* (sql: SqlClient, path: string) {
  yield* privateFile(path)
  yield* sql`ATTACH DATABASE ${path} AS fleeting`
  yield* sql.unsafe("PRAGMA fleeting.journal_mode = WAL")
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
})
