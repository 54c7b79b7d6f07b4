import { type ChildProcess, type StdioOptions, spawn } from "node:child_process"
import { basename } from "node:path"
import { Effect, Option } from "effect"
import { TerminalError } from "../../../session/TerminalError.ts"
import type { LoginUser } from "../LoginUser.ts"
import type { Native } from "./Native.ts"

/** A user's program: the login shell, or `$SHELL -c command`. */
export interface Program {
  readonly user: LoginUser
  readonly environment: Readonly<Record<string, string>>
  readonly command: Option.Option<string>
  /**
   * A variable of `environment`, `NAME=VALUE`, that no other session's processes have. Where it is given, a terminal that is closed
   * by a failure or an interruption ends also those processes that left the session (setsid(2), daemons).
   */
  readonly mark?: string
}

const shellArguments = ({ user, command }: Program): ReadonlyArray<string> => {
  const name = basename(user.shell)
  return Option.match(command, { onNone: () => [`-${name}`], onSome: (line) => [name, "-c", line] })
}

const launcherArguments = (program: Program, hasTerminal: boolean): ReadonlyArray<string> => {
  const { user } = program
  const changesUser = process.getuid?.() === 0
  const flags = [hasTerminal, changesUser].map((flag) => (flag ? "1" : "0"))
  return [...flags, `${user.uid}`, `${user.gid}`, user.name, user.home, user.shell, ...shellArguments(program)]
}

const startFailed = (cause: unknown): TerminalError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TerminalError({ message: `your session's program cannot be started: ${reason}`, cause })
}

/**
 * Starts a program as its user, with all the user's groups, in the user's home, leading a session of its own, with no file open
 * but `stdio`. `onStart` is called in the same turn, to attach listeners before anything can happen. The environment goes to the
 * program as it is.
 */
export const launch = <A>(
  native: Native,
  program: Program,
  stdio: { readonly descriptors: StdioOptions; readonly hasTerminal: boolean },
  onStart: (child: ChildProcess) => A,
): Effect.Effect<A, TerminalError> =>
  Effect.async((resume) => {
    try {
      const child = spawn(native.launcher, launcherArguments(program, stdio.hasTerminal), {
        env: program.environment,
        stdio: stdio.descriptors,
        cwd: "/",
        detached: true,
      })
      child.once("error", (cause) => resume(Effect.fail(startFailed(cause))))
      if (child.pid === undefined) return
      resume(Effect.succeed(onStart(child)))
    } catch (cause) {
      resume(Effect.fail(startFailed(cause)))
    }
  })
