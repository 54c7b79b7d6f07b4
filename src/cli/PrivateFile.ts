import { readFile, rm } from "node:fs/promises"
import { Effect, Option } from "effect"
import { writePrivateFile as write } from "../session/writePrivateFile.ts"
import { CommandFailed } from "./CommandFailed.ts"

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"

/** Writes a file with mode 0600, all at once; makes its directories with mode 0700. */
export const writePrivateFile = (path: string, content: string): Effect.Effect<void, CommandFailed> =>
  Effect.mapError(write(path, content), ({ message }) => new CommandFailed({ message: `can't write ${message}` }))

/** A file's text, or none where there is no such file. */
export const readFileIfAny = (path: string): Effect.Effect<Option.Option<string>, CommandFailed> =>
  Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: (error) => error }).pipe(
    Effect.map(Option.some),
    Effect.catchIf(isMissing, () => Effect.succeed(Option.none())),
    Effect.mapError((error) => new CommandFailed({ message: `${path} can't be read: ${reason(error)}` })),
  )

/** Removes a file or a directory with all that is in it; nothing where there is none. */
export const removeIfAny = (path: string): Effect.Effect<void, CommandFailed> =>
  Effect.tryPromise({
    try: () => rm(path, { recursive: true, force: true }),
    catch: (error) => new CommandFailed({ message: `${path} can't be removed: ${reason(error)}` }),
  })
