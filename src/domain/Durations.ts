import { Duration, Option, Schema } from "effect"

const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Reads `500ms`, `10s`, `30m`, `24h` or `7d`. */
export const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text)
  return match === null
    ? Option.none()
    : Option.some(Duration.millis(Number(match[1]) * unit[match[2] as keyof typeof unit]))
}

/** A duration written as `500ms`, `10s`, `30m`, `24h` or `7d`. */
export const DurationText = Schema.String.pipe(
  Schema.filter((text) => Option.isSome(parseDuration(text)) || `"${text}" is not a duration such as 30m, 24h or 7d`),
)
