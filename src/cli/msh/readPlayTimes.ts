import { Duration, Effect, Option } from "effect"
import { parseDuration } from "../../domain/Durations.ts"
import type { TimelineOptions } from "../../play/Timeline.ts"
import { WrongUsage } from "../WrongUsage.ts"

/** `--speed`, `--skip-idle`, `--from` and `--to` as they were given. */
export interface PlayTimes {
  readonly speed: number
  readonly skipIdle: Option.Option<string>
  readonly from: Option.Option<string>
  readonly to: Option.Option<string>
}

/** Reads `90`, `90s`, `1m`, `1:30` or `00:01:30.5` into milliseconds. */
export const parseMoment = (text: string): Option.Option<number> => {
  const clock = /^(?:(?:(\d{1,6}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d{1,3})?)$/.exec(text)
  if (clock === null) return Option.map(parseDuration(text), Duration.toMillis)
  const [, hours = "0", minutes = "0", seconds = "0"] = clock
  return Option.some(Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000))
}

const read = (name: string, text: Option.Option<string>, usual: number) =>
  Option.match(text, {
    onNone: () => Effect.succeed(usual),
    onSome: (given) =>
      Option.match(parseMoment(given), {
        onNone: () => new WrongUsage({ message: `${name}: "${given}" is no time such as 90s, 2m or 00:01:30` }),
        onSome: (millis) => Effect.succeed(millis),
      }),
  })

/** Checks the times that `msh play` was given. */
export const readPlayTimes = (
  times: PlayTimes,
): Effect.Effect<TimelineOptions & { readonly speed: number }, WrongUsage> =>
  Effect.gen(function* () {
    if (!(times.speed > 0 && times.speed <= 1_000_000)) {
      return yield* new WrongUsage({ message: "--speed: give a number above 0, such as 0.5 or 2" })
    }
    const fromMs = yield* read("--from", times.from, 0)
    const toMs = yield* read("--to", times.to, Number.POSITIVE_INFINITY)
    const longestIdleMs = yield* read("--skip-idle", times.skipIdle, Number.POSITIVE_INFINITY)
    if (toMs < fromMs) return yield* new WrongUsage({ message: "--to is before --from" })
    return { speed: times.speed, fromMs, toMs, longestIdleMs }
  })
