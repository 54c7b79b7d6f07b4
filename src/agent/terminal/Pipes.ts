import type { Readable, Writable } from "node:stream"
import { Duration, Effect, Exit, Option, type Scope } from "effect"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import type { AuditSession } from "./internal/AuditSession.ts"
import { type Launched, launch, type Program } from "./internal/launch.ts"
import { loadNative, type Native } from "./internal/Native.ts"
import { OutputSource } from "./internal/OutputSource.ts"
import { ProgramExit } from "./internal/ProgramExit.ts"
import { endProcesses, signalGroups } from "./internal/sessionProcesses.ts"
import { signalName } from "./internal/signalName.ts"

/** What to run. */
export interface PipesOptions extends Program {
  /** How long what is told to hang up has before it is killed; 250 ms unless told. */
  readonly killGrace?: Duration.Duration
}

const usualGrace = Duration.millis(250)

/** A program with its three pipes; `child.stdio` is what Node makes of them. */
class PipedProgram {
  readonly auditSession: AuditSession
  readonly exit = new ProgramExit()
  readonly source: OutputSource
  readonly pid: number
  readonly #input: Writable | null
  readonly #outputs: ReadonlyArray<Readable>
  #ended = false

  constructor({ child, auditSession }: Launched) {
    this.auditSession = auditSession
    this.pid = child.pid ?? 0
    this.#input = child.stdin
    this.#outputs = [child.stdout, child.stderr].filter((stream) => stream !== null)
    this.source = new OutputSource(
      () => this.#resume(),
      () => this.exit.outputRead(),
    )
    // A program that closes its input, or ends, wants no more of it.
    this.#input?.on("error", () => this.#input?.destroy())
    this.#listen(child.stdout, "output")
    this.#listen(child.stderr, "stderr")
    this.exit.watch(child, () => undefined)
    // Comes when the program has ended and nobody has its output open any more.
    child.once("close", () => this.#end())
  }

  /** Whether the program has ended and its output too; until then there may be something left to end. */
  get ended(): boolean {
    return this.#ended
  }

  write(bytes: Uint8Array, taken: () => void): void {
    if (this.#input?.writable === true) this.#input.write(bytes, () => taken())
    else taken()
  }

  endInput(): void {
    this.#input?.end()
  }

  close(): void {
    this.#input?.destroy()
    for (const stream of this.#outputs) stream.destroy()
    this.#end()
    this.exit.outputRead()
  }

  #listen(stream: Readable | null, name: "output" | "stderr"): void {
    stream?.on("error", () => stream.destroy())
    stream?.on("data", (bytes: Buffer) => {
      if (this.source.push(name, bytes)) return
      for (const output of this.#outputs) output.pause()
    })
  }

  #resume(): void {
    for (const output of this.#outputs) output.resume()
  }

  #end(): void {
    this.#ended = true
    this.source.end()
  }
}

const start = (native: Native, options: PipesOptions): Effect.Effect<PipedProgram, TerminalError> =>
  launch(
    native,
    options,
    { descriptors: ["pipe", "pipe", "pipe"], hasTerminal: false },
    (launched) => new PipedProgram(launched),
  )

const stop = Effect.fn("Pipes.stop")(function* (
  program: PipedProgram,
  grace: Duration.Duration,
  mark: string | undefined,
) {
  const { pid: leader, exit, auditSession } = program
  const marks = mark === undefined ? undefined : { environment: mark, auditSession }
  if (!program.ended) yield* endProcesses({ leader, reaped: () => exit.reaped, marks }, grace)
  program.close()
})

const terminal = (program: PipedProgram): Terminal => ({
  output: program.source.stream,
  write: (bytes) => Effect.async((resume) => program.write(bytes, () => resume(Effect.void))),
  endInput: Effect.sync(() => program.endInput()),
  resize: () => Effect.void,
  signal: (name) =>
    Effect.suspend(() =>
      Option.match(program.exit.reaped ? Option.none() : signalName(name), {
        onNone: () => Effect.void,
        onSome: (signal) => signalGroups([program.pid], signal),
      }),
    ),
  echoes: Effect.succeed(true),
  exit: program.exit.told,
})

/**
 * Starts `$SHELL -c command` (or the login shell) with no terminal: standard output and error apart, in the order in which they
 * were read, as the user with all the user's groups, in the user's home. The session ends when the program has ended and
 * both its outputs have been closed by all who had them, as with sshd.
 */
const open = Effect.fn("Pipes.open")(function* (
  options: PipesOptions,
): Effect.fn.Return<Terminal, TerminalError, Scope.Scope> {
  const native = yield* loadNative
  const program = yield* Effect.acquireRelease(start(native, options), (started, exit) =>
    stop(started, options.killGrace ?? usualGrace, Exit.isFailure(exit) ? options.mark : undefined),
  )
  return terminal(program)
})

/** @see open */
export const Pipes = { open }
