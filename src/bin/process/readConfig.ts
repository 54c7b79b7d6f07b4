import { type Config, ConfigError, Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { misspelt } from "../../domain/Variables.ts"

const explain = (error: ConfigError.ConfigError): string =>
  ConfigError.reduceWithContext(error, undefined, {
    andCase: (_, left, right) => `${left}; ${right}`,
    orCase: (_, left) => left,
    invalidDataCase: (_, path, message) => `${path.join("_")}: ${message}`,
    missingDataCase: (_, path) => `${path.join("_")} is not set`,
    sourceUnavailableCase: (_, path, message) => `${path.join("_")}: ${message}`,
    unsupportedCase: (_, path, message) => `${path.join("_")}: ${message}`,
  })

/** A program's configuration; a variable that is misspelt or has a bad value is told in one line that names it. */
export const readConfig = <A>(config: Config.Config<A>): Effect.Effect<A, CommandFailed> => {
  const [unknown] = misspelt(process.env)
  if (unknown !== undefined) {
    return new CommandFailed({ message: `${unknown} is no variable of Mezite: is it misspelt?` })
  }
  return Effect.mapError(config, (error) => new CommandFailed({ message: explain(error) }))
}
