import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { basename } from "node:path"
import { createInterface } from "node:readline"
import { Duration, Effect, type Scope } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { endProcess } from "./endProcess.ts"

/** A program that serves until it is told to stop. */
export interface ServiceOptions {
  readonly program: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gets what it says on standard error. */
  readonly log: string
}

const readyWithin = Duration.seconds(30)

/** In a group of its own: ^C on the terminal is for the quick start, which then ends its services in their order. */
const spawnService = ({ program, env, log }: ServiceOptions): ChildProcess => {
  const descriptor = fs.openSync(log, "a", 0o600)
  try {
    return spawn(process.execPath, [program, "start"], {
      env: { ...env },
      stdio: ["ignore", "pipe", descriptor],
      detached: true,
    })
  } finally {
    fs.closeSync(descriptor)
  }
}

const lastLine = (log: string): string => fs.readFileSync(log, "utf8").trim().split("\n").at(-1) ?? ""

/** The line that it prints when it serves, as `name=value` words. */
const readyLine = (child: ChildProcess, name: string, log: string) =>
  Effect.async<ReadonlyMap<string, string>, CommandFailed>((resume) => {
    const failed = (why: string) => resume(new CommandFailed({ message: `${name} did not start: ${why}` }))
    child.once("error", (error) => failed(error.message))
    child.once("exit", () => failed(lastLine(log) || "it ended at once"))
    if (child.stdout === null) return failed("it has no standard output")
    createInterface(child.stdout).on("line", (line) => {
      if (!line.startsWith(`${name} ready `)) return
      const words = line.split(" ").map((word) => word.split("="))
      resume(Effect.succeed(new Map(words.map(([key = "", ...value]) => [key, value.join("=")]))))
    })
  })

/** Starts a service and waits until it serves; it is ended with the scope. Gives what its ready line says. */
export const startService = (
  options: ServiceOptions,
): Effect.Effect<ReadonlyMap<string, string>, CommandFailed, Scope.Scope> => {
  const name = basename(options.program, ".js")
  return Effect.acquireRelease(
    Effect.sync(() => spawnService(options)),
    endProcess,
  ).pipe(
    Effect.flatMap((child) => readyLine(child, name, options.log)),
    Effect.timeoutFail({
      duration: readyWithin,
      onTimeout: () => new CommandFailed({ message: `${name} was not ready in 30 s; ${options.log} may say why` }),
    }),
  )
}
