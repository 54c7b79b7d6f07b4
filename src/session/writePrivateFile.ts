import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { Effect } from "effect"
import { FileFailed } from "./FileFailed.ts"
import { privateDirectory } from "./privateDirectory.ts"
import { syncDirectory } from "./syncDirectory.ts"

const write = (path: string, content: string): number => {
  const fd = fs.openSync(path, "wx", 0o600)
  try {
    fs.writeFileSync(fd, content)
    return fd
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
}

/** Waits for the disk without keeping this process from everything else. */
const flush = (fd: number): Effect.Effect<void, NodeJS.ErrnoException> =>
  Effect.async((resume) => fs.fsync(fd, (error) => resume(error === null ? Effect.void : Effect.fail(error))))

const attempt = <A>(act: () => A): Effect.Effect<A, NodeJS.ErrnoException> =>
  Effect.try({ try: act, catch: (error) => error as NodeJS.ErrnoException })

const replace = (path: string, content: string): Effect.Effect<void, NodeJS.ErrnoException> => {
  const draft = `${path}.${randomUUID()}.tmp`
  const written = Effect.acquireUseRelease(
    attempt(() => write(draft, content)),
    flush,
    (fd) => Effect.sync(() => fs.closeSync(fd)),
  )
  return Effect.zipRight(
    written,
    attempt(() => fs.renameSync(draft, path)),
  ).pipe(
    Effect.onError(() => Effect.sync(() => fs.rmSync(draft, { force: true }))),
    Effect.uninterruptible,
  )
}

/** Of two that replace the same file the later stays, also where the disk is done with it first. */
const oneByOne = Effect.unsafeMakeSemaphore(1)

/**
 * Puts a file that only its owner may read (0600) in its place, durably: whoever reads it sees the old content or the new,
 * never a part. Makes its directory, for its owner alone, where that is missing.
 */
export const writePrivateFile = (path: string, content: string): Effect.Effect<void, FileFailed> =>
  privateDirectory(dirname(path)).pipe(
    Effect.zipRight(
      Effect.mapError(oneByOne.withPermits(1)(replace(path, content)), (error) => FileFailed.of(path, error)),
    ),
    Effect.zipRight(syncDirectory(dirname(path))),
  )
