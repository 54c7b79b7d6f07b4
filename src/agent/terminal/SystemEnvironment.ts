import { readFile } from "node:fs/promises"
import { Effect } from "effect"

/** Where Debian's /etc/pam.d/sshd has pam_env(8) read variables from, the later winning. */
const files = ["/etc/environment", "/etc/default/locale"]

const name = /^[A-Za-z_][A-Za-z0-9_]*$/

const unquote = (value: string): string => {
  const quote = value[0]
  if (quote !== '"' && quote !== "'") return value
  return value.length > 1 && value.endsWith(quote) ? value.slice(1, -1) : value.slice(1)
}

/**
 * Reads `NAME=value` lines as pam_env does: an optional `export `, no expansion, one pair of quotes around the value stripped,
 * `#` starting a comment. Lines that are none of that are passed over, as there.
 */
export const parseEnvironmentFile = (text: string): Record<string, string> => {
  const variables: Record<string, string> = {}
  for (const line of text.split("\n")) {
    const content = line
      .replace(/#.*$/, "")
      .trim()
      .replace(/^export\s+/, "")
    const equals = content.indexOf("=")
    const key = content.slice(0, Math.max(equals, 0))
    if (name.test(key) && !content.includes("\0")) variables[key] = unquote(content.slice(equals + 1))
  }
  return variables
}

const readOne = (path: string): Effect.Effect<Record<string, string>> =>
  Effect.tryPromise(() => readFile(path, "utf8")).pipe(
    Effect.map(parseEnvironmentFile),
    Effect.catchAll(({ error }) =>
      error instanceof Error && "code" in error && error.code === "ENOENT"
        ? Effect.succeed({})
        : Effect.logWarning(`${path} cannot be read, so sessions lack its variables`, error).pipe(Effect.as({})),
    ),
  )

/** The machine's own variables for new sessions; a file that is missing counts as empty, one that is unreadable too, with a warning. */
export const readSystemEnvironment: Effect.Effect<Record<string, string>> = Effect.forEach(files, readOne).pipe(
  Effect.map((all) => Object.assign({}, ...all)),
)
