import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { Effect } from "effect"
import { FileFailed } from "./FileFailed.ts"
import { privateDirectory } from "./privateDirectory.ts"

const withFile = (path: string, flags: string, use: (fd: number) => void): void => {
  const fd = fs.openSync(path, flags, 0o600)
  try {
    use(fd)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const replace = (path: string, content: string): void => {
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    withFile(draft, "wx", (fd) => fs.writeFileSync(fd, content))
    fs.renameSync(draft, path)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  }
  withFile(dirname(path), "r", () => {})
}

/**
 * Puts a file that only its owner may read (0600) in its place, durably: whoever reads it sees the old content or the new,
 * never a part. Makes its directory, for its owner alone, where that is missing.
 */
export const writePrivateFile = (path: string, content: string): Effect.Effect<void, FileFailed> =>
  Effect.zipRight(
    privateDirectory(dirname(path)),
    Effect.try({
      try: () => replace(path, content),
      catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException),
    }),
  )
