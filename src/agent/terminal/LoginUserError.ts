import { Schema } from "effect"

/** An account cannot be served; `message` is one line for the user and the log. */
export class LoginUserError extends Schema.TaggedError<LoginUserError>()("LoginUserError", {
  login: Schema.String,
  /**
   * `unknown`: no such account; `forbidden`: its shell refuses logins, it has expired, or logins are closed; `shell-missing`: its shell is no
   * executable file; `not-root`: the agent may only serve its own user; `lookup`: the system's databases gave no answer.
   */
  reason: Schema.Literal("unknown", "forbidden", "shell-missing", "not-root", "lookup"),
  message: Schema.String,
}) {}
