import { Config, Effect, Layer, Logger, LogLevel } from "effect"

const level = Config.withDefault(Config.logLevel("MEZITE_LOG_LEVEL"), LogLevel.Info)

/** A service's log: one line for each event, on standard error. */
export const logging = Layer.merge(
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)),
  Layer.unwrapEffect(Effect.map(level, Logger.minimumLogLevel)),
)
