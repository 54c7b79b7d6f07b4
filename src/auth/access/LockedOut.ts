import { Schema } from "effect"
import { UserName } from "../../domain/Identifiers.ts"

/** Somebody who has proven who it is, and is locked. */
export class LockedOut extends Schema.TaggedError<LockedOut>()("LockedOut", {
  /** None: it is a node that is locked. */
  user: Schema.OptionFromSelf(UserName),
  message: Schema.String,
}) {}
