import { Schema } from "effect"

/** An event cannot be kept, on this machine, for the audit log; the message says why. What it would tell of must not happen. */
export class ReportFailed extends Schema.TaggedError<ReportFailed>()("ReportFailed", { message: Schema.String }) {}
