import { type ChildProcess, type StdioOptions, spawn } from "node:child_process"
import { Duration, Effect, type Scope } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { endProcess, processEnded } from "./endProcess.ts"

/** A program and what it is told. */
export interface ProgramOptions {
  readonly program: string
  readonly words: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Starts a program; it is ended with the scope. */
export const spawnProgram = (
  { program, words, env }: ProgramOptions,
  stdio: StdioOptions,
): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program, ...words], { env: { ...env }, stdio })),
    endProcess,
  )

/** Runs a program on the process's own streams; gives its exit code, or the signal that ended it. */
export const runOnTerminal = (options: ProgramOptions): Effect.Effect<number | NodeJS.Signals> =>
  Effect.scoped(Effect.flatMap(spawnProgram(options, "inherit"), processEnded))

/** Runs a program and gives what it printed; fails with what it complained of where it failed. */
export const runForOutput = Effect.fn("quickstart.run")(function* (options: ProgramOptions) {
  const child = yield* spawnProgram(options, ["ignore", "pipe", "pipe"])
  const stdout: Array<Buffer> = []
  const stderr: Array<Buffer> = []
  child.stdout?.on("data", (bytes: Buffer) => stdout.push(bytes))
  child.stderr?.on("data", (bytes: Buffer) => stderr.push(bytes))
  const code = yield* Effect.timeoutFail(processEnded(child), {
    duration: Duration.minutes(1),
    onTimeout: () => new CommandFailed({ message: `${options.words.join(" ")} did not end within a minute` }),
  })
  if (code === 0) return Buffer.concat(stdout).toString("utf8").trim()
  return yield* new CommandFailed({ message: Buffer.concat(stderr).toString("utf8").trim() || `it ended with ${code}` })
}, Effect.scoped)
