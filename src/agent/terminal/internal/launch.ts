import { type ChildProcess, spawn } from "node:child_process"
import { basename } from "node:path"
import type { Duplex } from "node:stream"
import { Effect, Exit, Option } from "effect"
import { TerminalError } from "../../../session/TerminalError.ts"
import type { LoginUser } from "../LoginUser.ts"
import { AuditSession } from "./AuditSession.ts"
import type { Native } from "./Native.ts"

/** A program that is run as it is, with no shell. */
export interface Executable {
  readonly path: string
  readonly arguments: ReadonlyArray<string>
}

/** A user's program: the login shell, `$SHELL -c command`, or something that needs no shell. */
export interface Program {
  readonly user: LoginUser
  readonly environment: Readonly<Record<string, string>>
  readonly command: Option.Option<string | Executable>
  /**
   * The variable of `environment` that no other session's processes have, as `sessionMark` says it. Where it is given, a terminal that is closed
   * by a failure or an interruption ends also those processes that left the session (setsid(2), daemons).
   */
  readonly mark?: string
  /**
   * Run once its process is there and listened to, and before anything of the user's runs in it; where it fails, nothing
   * ever does.
   */
  readonly gate: Option.Option<Gate>
}

/** What is to be done with a process before it begins. */
export type Gate = (pid: number) => Effect.Effect<void, TerminalError>

/** The first after standard input, output and error: launch.cc, kGate. */
const gateDescriptor = 3

/** A program that was started, as whoever listens to it gets it. */
export interface Launched {
  readonly child: ChildProcess
  readonly auditSession: AuditSession
}

/** The file, and its arguments from the 0th on. */
const fileAndArguments = ({ user, command }: Program): ReadonlyArray<string> => {
  const shell = basename(user.shell)
  return Option.match(command, {
    onNone: () => [user.shell, `-${shell}`],
    onSome: (given) =>
      typeof given === "string"
        ? [user.shell, shell, "-c", given]
        : [given.path, basename(given.path), ...given.arguments],
  })
}

const launcherArguments = (program: Program, hasTerminal: boolean): ReadonlyArray<string> => {
  const { user } = program
  const changesUser = process.getuid?.() === 0
  const flags = [Option.isSome(program.gate), hasTerminal, changesUser].map((flag) => (flag ? "1" : "0"))
  return [...flags, `${user.uid}`, `${user.gid}`, user.name, user.home, ...fileAndArguments(program)]
}

const startFailed = (cause: unknown): TerminalError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TerminalError({ message: `your session's program cannot be started: ${reason}`, cause })
}

const gateOf = (child: ChildProcess) => child.stdio[gateDescriptor] as Duplex

/** Where a process waits until it may begin; closed without a byte, it never does. */
const openGate = (child: ChildProcess, mayBegin: boolean): void => {
  if (mayBegin) gateOf(child).end("\n")
  else gateOf(child).destroy()
}

interface ProgramStdio {
  readonly descriptors: ReadonlyArray<"pipe" | number>
  readonly hasTerminal: boolean
}

const start = <A>(native: Native, program: Program, stdio: ProgramStdio, onStart: (launched: Launched) => A) =>
  Effect.async<{ readonly child: ChildProcess; readonly started: A }, TerminalError>((resume) => {
    try {
      const child = spawn(native.launcher, launcherArguments(program, stdio.hasTerminal), {
        env: program.environment,
        stdio: [...stdio.descriptors, "pipe"],
        cwd: "/",
        detached: true,
      })
      child.once("error", (cause) => resume(Effect.fail(startFailed(cause))))
      if (child.pid === undefined) return
      const auditSession = AuditSession.toldOn(gateOf(child))
      resume(Effect.succeed({ child, started: onStart({ child, auditSession }) }))
    } catch (cause) {
      resume(Effect.fail(startFailed(cause)))
    }
  })

/**
 * Starts a program as its user, with all the user's groups, in the user's home, leading a session of its own, with no file open
 * but `stdio`. `onStart` is called in the same turn, to attach listeners before anything can happen. The environment goes to the
 * program as it is.
 */
export const launch = <A>(
  native: Native,
  program: Program,
  stdio: ProgramStdio,
  onStart: (launched: Launched) => A,
): Effect.Effect<A, TerminalError> =>
  Effect.flatMap(start(native, program, stdio, onStart), ({ child, started }) =>
    Option.match(program.gate, {
      onNone: () => Effect.succeed(started),
      onSome: (gate) =>
        gate(child.pid ?? 0).pipe(
          Effect.onExit((exit) => Effect.sync(() => openGate(child, Exit.isSuccess(exit)))),
          Effect.as(started),
        ),
    }),
  )
