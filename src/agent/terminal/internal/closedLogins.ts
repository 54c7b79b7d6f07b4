import { readFile } from "node:fs/promises"
import { Effect, Option } from "effect"

const longest = 500

/** What nologin(5)'s file says to whoever may not log in, in one line; none where logins are open. */
export const closedLogins = (file: string): Effect.Effect<Option.Option<string>> =>
  Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: (error) => error as NodeJS.ErrnoException }).pipe(
    Effect.map((text) =>
      text
        .replace(/[\s\p{Cc}]+/gu, " ")
        .trim()
        .slice(0, longest),
    ),
    Effect.map((text) => Option.some(text === "" ? "logins are closed on this machine" : text)),
    // A file that is there and cannot be read closes them too, as for sshd.
    Effect.catchAll(({ code }) =>
      Effect.succeed(code === "ENOENT" ? Option.none() : Option.some("logins are closed on this machine")),
    ),
  )
