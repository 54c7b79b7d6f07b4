import { Options } from "@effect/cli"
import { type Option, Schema } from "effect"
import { DurationText } from "../domain/Durations.ts"
import { Reason } from "../domain/Lock.ts"

/** `--format` of a list. */
export const format = Options.choice("format", ["text", "json"] as const).pipe(
  Options.withDefault("text" as const),
  Options.withDescription("a table, or one JSON array"),
)

/** `--last 30m`. */
export const last = Options.text("last").pipe(
  Options.withSchema(DurationText),
  Options.withDescription("only what is no older, such as 30m, 24h or 7d"),
  Options.optional,
)

/** `--reason TEXT`. */
export const reason = Options.text("reason").pipe(
  Options.withSchema(Reason),
  Options.withDefault(""),
  Options.withDescription("what those whom it concerns read"),
)

/** An option that may be left out. */
export const optionalText = (name: string, description: string): Options.Options<Option.Option<string>> =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

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
