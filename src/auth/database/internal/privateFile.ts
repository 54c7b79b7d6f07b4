import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { Effect } from "effect"
import { DatabaseError } from "../DatabaseError.ts"

/** Makes sure that the file is there and that only its owner may read it, before SQLite writes keys into it. */
export const privateFile = (path: string): Effect.Effect<void, DatabaseError> =>
  Effect.try({
    try: () => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      closeSync(openSync(path, "a", 0o600))
      // SQLite gives its -wal and -shm files the mode of the database itself.
      chmodSync(path, 0o600)
    },
    catch: (cause) =>
      new DatabaseError({ message: `cannot write the database ${path}: check its folder's owner and mode`, cause }),
  })
