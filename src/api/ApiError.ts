import { Schema } from "effect"

/** Nobody, or nobody we know: the token or certificate is missing, expired or wrong. */
export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()("Unauthenticated", {
  message: Schema.String,
}) {}

/** Known, but not allowed. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", { message: Schema.String }) {}

/** There is no such thing, or none that the caller may know of. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message: Schema.String }) {}

/** What was asked makes no sense; the message says what would. */
export class Invalid extends Schema.TaggedError<Invalid>()("Invalid", { message: Schema.String }) {}

/** There is one already, or it is not in a state for this. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { message: Schema.String }) {}

/** The hub could not do it: its disk, its database. Details are in its log, not on the wire. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", { message: Schema.String }) {}

/** What any call may fail with. */
export const ApiError = Schema.Union(Unauthenticated, Forbidden, NotFound, Invalid, Conflict, Unavailable)
export type ApiError = typeof ApiError.Type
