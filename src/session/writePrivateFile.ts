import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { Effect } from "effect"
import { FileFailed } from "./FileFailed.ts"
import { privateDirectory } from "./privateDirectory.ts"
import { syncDirectory } from "./syncDirectory.ts"

const writeDurably = (path: string, content: string): void => {
  const fd = fs.openSync(path, "wx", 0o600)
  try {
    fs.writeFileSync(fd, content)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const replace = (path: string, content: string): void => {
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    writeDurably(draft, content)
    fs.renameSync(draft, path)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  }
}

/**
 * Puts a file that only its owner may read (0600) in its place, durably: whoever reads it sees the old content or the new,
 * never a part. Makes its directory, for its owner alone, where that is missing.
 */
export const writePrivateFile = (path: string, content: string): Effect.Effect<void, FileFailed> =>
  privateDirectory(dirname(path)).pipe(
    Effect.zipRight(
      Effect.try({
        try: () => replace(path, content),
        catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException),
      }),
    ),
    Effect.zipRight(syncDirectory(dirname(path))),
  )
