import { Duration, Either, Option, Record } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import { parseDuration } from "../../domain/Durations.ts"

/** A setting that the cluster knows. */
export interface SettingSpec {
  /** What it does, in one line. */
  readonly doc: string
  /** What it is as long as nobody set it; null for one that is not stored but known otherwise. */
  readonly initial: string | null
  /** Which values there are, in words. */
  readonly allowed: string
  readonly accepts: (value: string) => boolean
}

const oneOf = (doc: string, values: readonly [string, ...Array<string>]): SettingSpec => ({
  doc,
  initial: values[0],
  allowed: values.join(", "),
  accepts: (value) => values.includes(value),
})

const isBetween = (value: string, least: string, most: string): boolean =>
  Option.all([parseDuration(value), parseDuration(least), parseDuration(most)]).pipe(
    Option.exists(([given, minimum, maximum]) => Duration.between(given, { minimum, maximum })),
  )

const durationUpTo = (doc: string, initial: string, most: string): SettingSpec => ({
  doc,
  initial,
  allowed: `a duration from 1m to ${most}, such as ${initial}`,
  accepts: (value) => isBetween(value, "1m", most),
})

/** Every setting there is. */
export const settingSpecs = {
  cluster_name: {
    doc: "the cluster's name, chosen at its first start",
    initial: null,
    allowed: "",
    accepts: () => false,
  },
  session_recording: oneOf("how sessions are recorded where the agent's own variable doesn't say", [
    "node-sync",
    "node",
    "off",
  ]),
  recording_retention: {
    doc: "how long recordings are kept after their session's end",
    initial: "keep",
    allowed: "keep (for ever), or a duration from 1m to 36500d, such as 90d",
    accepts: (value) => value === "keep" || isBetween(value, "1m", "36500d"),
  },
  user_certificate_ttl: durationUpTo("how long a login is good for", "12h", "30d"),
} as const satisfies Record<string, SettingSpec>
export type SettingKey = keyof typeof settingSpecs

export const settingKeys = Record.keys(settingSpecs)

/** The key, if the cluster knows it; the error lists those that it knows. */
export const knownSetting = (key: string): Either.Either<SettingKey, Invalid> => {
  const known = settingKeys.find((candidate) => candidate === key)
  return known === undefined
    ? Either.left(new Invalid({ message: `there is no setting "${key}"; there are: ${settingKeys.join(", ")}` }))
    : Either.right(known)
}

/** Whether that setting can be set to that value; the error says which values there are. */
export const settable = (key: string, value: string): Either.Either<SettingKey, Invalid> =>
  Either.flatMap(knownSetting(key), (known) => {
    const spec = settingSpecs[known]
    if (spec.initial === null)
      return Either.left(new Invalid({ message: `${known} cannot be changed: it is ${spec.doc}` }))
    return spec.accepts(value)
      ? Either.right(known)
      : Either.left(
          new Invalid({ message: `"${value.slice(0, 100)}" is no value for ${known}; it takes ${spec.allowed}` }),
        )
  })
