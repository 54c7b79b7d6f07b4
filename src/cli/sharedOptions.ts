import { Options } from "@effect/cli"
import { type Option, Schema } from "effect"
import { DurationText } from "../domain/Durations.ts"
import { Reason } from "../domain/Lock.ts"

/** `--format` of a list. */
export const format = Options.choice("format", ["text", "json"] as const).pipe(
  Options.withDefault("text" as const),
  Options.withDescription("a table, or one JSON array"),
)

/** An option that takes a text; `value` is what help calls that. */
export const textOption = (name: string, value: string, description: string): Options.Options<string> =>
  Options.text(name).pipe(Options.withPseudoName(value), Options.withDescription(description))

/** `--last 30m`. */
export const last = textOption("last", "DURATION", "only what is no older, such as 30m, 24h or 7d").pipe(
  Options.withSchema(DurationText),
  Options.optional,
)

/** `--reason TEXT`; the description says who reads it. */
export const reasonFor = (description: string): Options.Options<string> =>
  textOption("reason", "TEXT", description).pipe(Options.withSchema(Reason), Options.withDefault(""))

/** An option that may be left out. */
export const optionalText = (
  name: string,
  value: string,
  description: string,
): Options.Options<Option.Option<string>> => Options.optional(textOption(name, value, description))

/** `a,b,c` without empty words. */
export const commaList = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")

/** `a,b,c`, each of them an `item`. */
export const listOf = <A>(item: Schema.Schema<A, string>) =>
  Schema.transform(Schema.String, Schema.Array(item), {
    strict: true,
    decode: commaList,
    encode: (items) => items.join(","),
  })
