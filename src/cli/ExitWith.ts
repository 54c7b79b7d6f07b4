import { Schema } from "effect"

/** The command ends with this exit code, and with this line on standard error where there is one. */
export class ExitWith extends Schema.TaggedError<ExitWith>()("ExitWith", {
  code: Schema.Int,
  message: Schema.optionalWith(Schema.String, { default: () => "" }),
}) {}
