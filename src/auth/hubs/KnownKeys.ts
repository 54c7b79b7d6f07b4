import { Schema } from "effect"

/** The keys of recordings that a hub has, by their ids, which say nothing of the keys. */
export const KnownKeys = Schema.Struct({
  /** What new recordings are encrypted with; null: they are not. */
  current: Schema.NullOr(Schema.String),
  /** That, and older ones that can be read. */
  all: Schema.Array(Schema.String),
})
export type KnownKeys = typeof KnownKeys.Type
