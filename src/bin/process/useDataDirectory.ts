import { Effect, type Scope } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { privateDirectory } from "../../session/privateDirectory.ts"
import { lockDirectory } from "./lockDirectory.ts"

/** Makes a program's directory of data ready, and the program its only user for as long as the scope. */
export const useDataDirectory = (path: string, program: string): Effect.Effect<void, CommandFailed, Scope.Scope> =>
  Effect.mapError(
    privateDirectory(path),
    ({ message }) =>
      new CommandFailed({ message: `${message}: set MEZITE_DATA_DIR to a directory that this user can write to` }),
  ).pipe(Effect.zipRight(lockDirectory(path, program)))
