import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { loadNative } from "../../agent/terminal/internal/Native.ts"
import { CommandFailed } from "../../cli/CommandFailed.ts"

const inUse = (directory: string, program: string, holder: string) =>
  new CommandFailed({
    message: `another ${program} uses ${directory} (pid ${holder}): stop it, or give this one a directory of its own by MEZITE_DATA_DIR`,
  })

const notLocked = (directory: string) => (cause: unknown) =>
  new CommandFailed({ message: `${directory} cannot be locked: ${cause instanceof Error ? cause.message : cause}` })

const opened = (directory: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => openSync(join(directory, "lock"), constants.O_RDWR | constants.O_CREAT, 0o600),
      catch: notLocked(directory),
    }),
    (fd) => Effect.sync(() => closeSync(fd)),
  )

/** For whoever comes second: who holds the lock. It says nothing about whether somebody does. */
const signed = (fd: number): void => {
  ftruncateSync(fd)
  writeSync(fd, `${process.pid}\n`, 0)
}

/**
 * Keeps every other process of its kind off a directory for as long as the scope, and tells one that comes second who has it.
 * The lock is the kernel's, on the file `lock`: it ends with the process, however that ends, so that none is ever stale; the file stays.
 */
export const lockDirectory = (directory: string, program: string): Effect.Effect<void, CommandFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { pty: native } = yield* Effect.mapError(loadNative, ({ message }) => new CommandFailed({ message }))
    const fd = yield* opened(directory)
    const locked = yield* Effect.try({ try: () => native.lock(fd), catch: notLocked(directory) })
    if (!locked) return yield* inUse(directory, program, readFileSync(fd, "latin1").trim() || "unknown")
    yield* Effect.try({ try: () => signed(fd), catch: notLocked(directory) })
  })
