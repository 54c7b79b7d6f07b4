import { chmodSync, chownSync, closeSync } from "node:fs"
import { Duration, Effect, Exit, Option, type Scope } from "effect"
import type { WindowSize } from "../../domain/WindowSize.ts"
import type { Terminal } from "../../session/Terminal.ts"
import { TerminalError } from "../../session/TerminalError.ts"
import type { AuditSession } from "./internal/AuditSession.ts"
import { getent } from "./internal/getent.ts"
import { launch, type Program } from "./internal/launch.ts"
import { loadNative, type Native, type NativePty } from "./internal/Native.ts"
import { OutputSource } from "./internal/OutputSource.ts"
import { ProgramExit } from "./internal/ProgramExit.ts"
import { PtyMaster } from "./internal/PtyMaster.ts"
import { endProcesses, signalGroups } from "./internal/sessionProcesses.ts"
import { signalName } from "./internal/signalName.ts"
import type { LoginUser } from "./LoginUser.ts"

/** What to run, and on what terminal. */
export interface PtyOptions extends Program {
  readonly size: WindowSize
  /** TERM; left unset where the client gave none. */
  readonly term: string
  /** The client's terminal modes by their names in RFC 4254, section 8; those that are unknown are passed over. */
  readonly modes?: Readonly<Record<string, number>>
  /** How long what is told to hang up has before it is killed; 250 ms unless told. */
  readonly killGrace?: Duration.Duration
}

const usualGrace = Duration.millis(250)
const maximumSize = 0xffff

const openFailed = (cause: unknown): TerminalError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TerminalError({ message: `no terminal can be had on this machine: ${reason}`, cause })
}

const resize = (native: Native, descriptor: number, size: WindowSize): void => {
  const [cols = 0, rows = 0, widthPx = 0, heightPx = 0] = [size.cols, size.rows, size.widthPx, size.heightPx].map(
    (value) => Math.min(Math.max(Math.trunc(value) || 0, 0), maximumSize),
  )
  native.pty.resize(descriptor, cols, rows, widthPx, heightPx)
}

/** The group that may write to terminals: with it, mode 0620, so that write(1) and wall(1) work and mesg(1) decides. */
const terminalGroup = getent("group", "tty").pipe(
  Effect.map(Option.flatMapNullable((fields) => fields[2])),
  Effect.map(Option.map(Number)),
  Effect.mapError((error) => new TerminalError({ message: error.message, cause: error })),
)

const giveTo = (user: LoginUser, group: Option.Option<number>, path: string): void => {
  chownSync(
    path,
    user.uid,
    Option.getOrElse(group, () => user.gid),
  )
  chmodSync(path, Option.isSome(group) ? 0o620 : 0o600)
}

const prepare = (native: Native, options: PtyOptions, group: Option.Option<number>): NativePty => {
  const pty = native.pty.open()
  try {
    resize(native, pty.control, options.size)
    for (const [name, value] of Object.entries(options.modes ?? {})) native.pty.setMode(pty.control, name, value)
    if (process.getuid?.() === 0) giveTo(options.user, group, pty.path)
    return pty
  } catch (cause) {
    for (const descriptor of [pty.master, pty.control, pty.slave]) closeSync(descriptor)
    throw cause
  }
}

interface Running {
  readonly pid: number
  readonly auditSession: AuditSession
  readonly master: PtyMaster
  readonly source: OutputSource
  readonly exit: ProgramExit
}

const attach = (native: Native, pty: NativePty): Omit<Running, "pid" | "auditSession"> => {
  const exit = new ProgramExit()
  const source = new OutputSource(
    () => master.resume(),
    () => exit.outputRead(),
  )
  const master: PtyMaster = new PtyMaster(native.pty, pty, source)
  return { master, source, exit }
}

const start = Effect.fn("Pty.start")(function* (native: Native, options: PtyOptions) {
  const group = yield* terminalGroup
  const pty = yield* Effect.try({ try: () => prepare(native, options, group), catch: openFailed })
  const running = attach(native, pty)
  const term = options.term === "" ? {} : { TERM: options.term }
  const program = { ...options, environment: { ...options.environment, ...term, SSH_TTY: pty.path } }
  const descriptors = [pty.slave, pty.slave, pty.slave]
  const started = yield* launch(native, program, { descriptors, hasTerminal: true }, ({ child, auditSession }) => {
    running.exit.watch(child, () => running.master.programEnded())
    return { pid: child.pid ?? 0, auditSession }
  }).pipe(
    Effect.onError(() => Effect.sync(() => running.master.close())),
    Effect.ensuring(Effect.sync(() => closeSync(pty.slave))),
  )
  return { ...running, ...started }
})

const stop = Effect.fn("Pty.stop")(function* (
  { pid, auditSession, master, exit }: Running,
  grace: Duration.Duration,
  mark: string | undefined,
) {
  // What a shell that ended by itself left running stays, as with sshd: the kernel has hung its terminal up.
  const marks = mark === undefined ? undefined : { environment: mark, auditSession }
  if (!exit.reaped) yield* endProcesses({ leader: pid, reaped: () => exit.reaped, marks }, grace)
  master.close()
  exit.outputRead()
})

const foreground = (native: Native, { pid, master }: Running): number =>
  (master.descriptor === undefined ? 0 : native.pty.foreground(master.descriptor)) || pid

const terminal = (native: Native, running: Running): Terminal => ({
  output: running.source.stream,
  write: (bytes) => Effect.async((resume) => running.master.write(bytes, () => resume(Effect.void))),
  endInput: Effect.void,
  resize: (size) =>
    Effect.sync(() => {
      if (running.master.descriptor !== undefined) resize(native, running.master.descriptor, size)
    }),
  signal: (name) =>
    Option.match(running.exit.reaped ? Option.none() : signalName(name), {
      onNone: () => Effect.void,
      onSome: (signal) => Effect.suspend(() => signalGroups([foreground(native, running)], signal)),
    }),
  echoes: Effect.sync(() => running.master.descriptor === undefined || native.pty.echoes(running.master.descriptor)),
  exit: running.exit.told,
})

/**
 * Starts the user's login shell, or `$SHELL -c command`, on a new pseudo-terminal: the user's own (group tty, mode 0620) before
 * anything of the user's runs, its controlling terminal, with the user's groups, in the user's home. The session ends when the
 * shell does, after the last byte that it wrote, whatever it left in the background.
 */
const open = Effect.fn("Pty.open")(function* (
  options: PtyOptions,
): Effect.fn.Return<Terminal, TerminalError, Scope.Scope> {
  const native = yield* loadNative
  const running = yield* Effect.acquireRelease(start(native, options), (started, exit) =>
    stop(started, options.killGrace ?? usualGrace, Exit.isFailure(exit) ? options.mark : undefined),
  )
  return terminal(native, running)
})

/** @see open */
export const Pty = { open }
