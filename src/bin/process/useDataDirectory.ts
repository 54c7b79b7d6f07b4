import { Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { privateDirectory } from "../../session/privateDirectory.ts"

/** Makes a program's directory of data ready. */
export const useDataDirectory = (path: string): Effect.Effect<void, CommandFailed> =>
  Effect.mapError(
    privateDirectory(path),
    ({ message }) =>
      new CommandFailed({ message: `${message}: set MEZITE_DATA_DIR to a directory that this user can write to` }),
  )
