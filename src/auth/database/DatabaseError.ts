import { Schema } from "effect"

/** The hub's database can't be opened or brought up to date; the message says what happened and how to mend it. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  message: Schema.String,
  cause: Schema.optional(Schema.Defect),
}) {}
