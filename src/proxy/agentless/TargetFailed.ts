import { Schema } from "effect"

/** A machine without an agent cannot be used; the message says why, in one line for the user and the audit log. */
export class TargetFailed extends Schema.TaggedError<TargetFailed>()("TargetFailed", {
  /**
   * `unreachable`: no TCP connection; `timeout`: it hangs; `protocol`: what answers is no SSH server; `closed`: it hung up;
   * `host-key`: it is not the machine that was added; `refused`: it does not let the login in.
   */
  reason: Schema.Literal("unreachable", "timeout", "protocol", "closed", "host-key", "refused"),
  message: Schema.String,
}) {}
