import * as fs from "node:fs"
import { dirname } from "node:path"
import { Effect } from "effect"
import { FileFailed } from "./FileFailed.ts"

const isDirectory = (path: string): boolean => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** One after the other: Node's own `recursive` never returns where a file system such as /proc refuses. */
const make = (path: string): void => {
  if (isDirectory(path)) return
  make(dirname(path))
  try {
    fs.mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!isDirectory(path)) throw error
  }
}

/** Makes a directory and those above it, where they are missing, for its owner alone; checks that it can be written to. */
export const privateDirectory = (path: string): Effect.Effect<void, FileFailed> =>
  Effect.try({
    try: () => {
      make(path)
      fs.accessSync(path, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
    },
    catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException),
  })
