import { Config, ConfigError, Duration, Either, type Option } from "effect"
import { parseByteSize } from "./ByteSize.ts"
import { parseDuration } from "./Durations.ts"

const parsed = <A>(name: string, parse: (text: string) => Option.Option<A>, example: string): Config.Config<A> =>
  Config.mapOrFail(Config.string(name), (text) =>
    Either.fromOption(parse(text), () => ConfigError.InvalidData([], `"${text}" is not ${example}`)),
  )

/** A variable with a size in bytes. */
export const byteSize = (name: string): Config.Config<number> => parsed(name, parseByteSize, "a size such as 256KiB")

/** A variable with a duration. */
export const duration = (name: string): Config.Config<Duration.Duration> =>
  parsed(name, parseDuration, "a duration such as 5s, 2m or 12h")

/** How long sessions may go on once a hub, or an agent, was told to stop. */
export const drainTimeout: Config.Config<Duration.Duration> = duration("MEZITE_DRAIN_TIMEOUT").pipe(
  Config.withDefault(Duration.seconds(30)),
)
