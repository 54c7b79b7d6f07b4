import { Config, ConfigError, Effect, Either, Layer, Logger, LogLevel } from "effect"
import { readConfig } from "./readConfig.ts"

const levels = {
  trace: LogLevel.Trace,
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
}

const level = Config.mapOrFail(Config.string("MEZITE_LOG_LEVEL"), (text) =>
  Either.fromNullable(levels[text.toLowerCase() as keyof typeof levels], () =>
    ConfigError.InvalidData([], `"${text}" is none of ${Object.keys(levels).join(", ")}`),
  ),
).pipe(Config.withDefault(LogLevel.Info))

/** A service's log: one line for each event, on standard error. */
export const logging = Layer.merge(
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)),
  Layer.unwrapEffect(Effect.map(readConfig(level), Logger.minimumLogLevel)),
)
