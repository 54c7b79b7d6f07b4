import * as fs from "node:fs"
import { Effect } from "effect"
import { FileFailed } from "./FileFailed.ts"

const sync = (path: string, done: (error: NodeJS.ErrnoException | null) => void): void => {
  fs.open(path, "r", (error, fd) => {
    if (error !== null) return done(error)
    fs.fsync(fd, (failed) => fs.close(fd, (unclosed) => done(failed ?? unclosed ?? null)))
  })
}

/** Makes what was made or renamed in a directory survive a loss of power. */
export const syncDirectory = (path: string): Effect.Effect<void, FileFailed> =>
  Effect.async((resume) =>
    sync(path, (error) => resume(error === null ? Effect.void : Effect.fail(FileFailed.of(path, error)))),
  )
