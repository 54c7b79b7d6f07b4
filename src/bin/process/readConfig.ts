import { type Config, ConfigError, Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"

/** The variable that a path of the configuration ends with. */
const named = (path: ReadonlyArray<string>): string => path.at(-1) ?? "the configuration"

const explain = (error: ConfigError.ConfigError): string =>
  ConfigError.reduceWithContext(error, undefined, {
    andCase: (_, left, right) => `${left}; ${right}`,
    orCase: (_, left) => left,
    invalidDataCase: (_, path, message) => `${named(path)}: ${message}`,
    missingDataCase: (_, path) => `${named(path)} is not set`,
    sourceUnavailableCase: (_, path, message) => `${named(path)}: ${message}`,
    unsupportedCase: (_, path, message) => `${named(path)}: ${message}`,
  })

/** A program's configuration; a variable with a bad value is told in one line that names it. */
export const readConfig = <A>(config: Config.Config<A>): Effect.Effect<A, CommandFailed> =>
  Effect.mapError(config, (error) => new CommandFailed({ message: explain(error) }))
