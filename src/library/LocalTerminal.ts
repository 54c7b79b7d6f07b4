import { userInfo } from "node:os"
import { Effect, Option, type Scope } from "effect"
import { Pty } from "../agent/terminal/Pty.ts"
import type { WindowSize } from "../domain/WindowSize.ts"
import type { Terminal } from "../session/Terminal.ts"
import { TerminalError } from "../session/TerminalError.ts"

/** What to run on a pseudo-terminal of this machine; all of it may be left out. */
export interface LocalTerminalOptions {
  /** For the user's shell; a login shell where there is none. */
  readonly command?: string
  /** Where it starts; the current directory unless told. */
  readonly directory?: string
  /** This process's own unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** 80 by 24 unless told. */
  readonly size?: Pick<WindowSize, "cols" | "rows">
  /** `TERM`; `xterm-256color` unless told. */
  readonly term?: string
}

export const usualSize = { cols: 80, rows: 24 }
export const usualTerm = "xterm-256color"

const defined = (environment: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined))

/** Whoever runs this process. */
export const currentUser = Effect.try({
  try: () => userInfo(),
  catch: (cause) => new TerminalError({ message: "this process's user has no account on this machine", cause }),
})

/**
 * Runs a program as this process's user on a new pseudo-terminal, for as long as the scope: closing it ends the program, SIGHUP
 * first, then SIGKILL.
 */
const open = Effect.fn("LocalTerminal.open")(function* (
  options: LocalTerminalOptions = {},
): Effect.fn.Return<Terminal, TerminalError, Scope.Scope> {
  const { username, uid, gid, shell } = yield* currentUser
  return yield* Pty.open({
    // Where a login would begin in its home, this begins where it is told.
    user: { name: username, uid, gid, home: options.directory ?? process.cwd(), shell: shell ?? "/bin/sh" },
    environment: defined(options.environment ?? process.env),
    command: Option.fromNullable(options.command),
    gate: Option.none(),
    size: { widthPx: 0, heightPx: 0, ...(options.size ?? usualSize) },
    term: options.term ?? usualTerm,
  })
})

/** @see open */
export const LocalTerminal = { open }
