import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { resolve } from "node:path"
import { until } from "./until.ts"

export type Variables = Readonly<Record<string, string>>

/** How a program ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** The words with which one of the four bundled programs is run. */
export const bundled = (name: "mezhub" | "mezd" | "msh" | "mezctl"): readonly [string, string] => [
  process.execPath,
  resolve(`dist/bin/${name}.js`),
]

/** What this test file has started and has not ended. */
const running = new Set<Program>()

/** Ends whatever still runs of what this test file started, also what a test that failed left. */
export const endPrograms = async (): Promise<void> => {
  await Promise.all([...running].map((program) => program.end()))
}

/** A program that runs, without a terminal; everything that it writes is kept. */
export class Program {
  readonly #child: ChildProcess
  readonly #stdout: Array<Buffer> = []
  readonly #stderr: Array<Buffer> = []
  readonly ended: Promise<Ended>

  /** Starts it with these variables and no others; standard input is left open. */
  constructor(words: ReadonlyArray<string>, env: Variables) {
    const [file = "", ...rest] = words
    this.#child = spawn(file, rest, { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] })
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#stdout.push(chunk))
    this.#child.stderr?.on("data", (chunk: Buffer) => this.#stderr.push(chunk))
    this.#child.stdin?.on("error", () => undefined)
    running.add(this)
    this.ended = once(this.#child, "close").then(([code, signal]) => {
      running.delete(this)
      return { code, signal, stdout: this.stdoutBytes, stderr: this.stderr }
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.#stdout)
  }

  get stdout(): string {
    return this.stdoutBytes.toString("utf8")
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString("utf8")
  }

  /** Its exit status; null while it runs, and where a signal ended it. */
  get code(): number | null {
    return this.#child.exitCode
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  write(bytes: string | Uint8Array): void {
    this.#child.stdin?.write(bytes)
  }

  endInput(bytes: string | Uint8Array = ""): void {
    this.#child.stdin?.end(bytes)
  }

  /** Waits until it has written this to its standard output. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    const said = () => `${JSON.stringify(this.stdout)} ${this.stderr}`
    return until(`${pattern} on standard output`, () => {
      const found = pattern.exec(this.stdout)
      if (found === null && !this.running) throw new Error(`ended without ${pattern}: ${said()}`)
      return found ?? undefined
    }).catch((error: Error) => {
      throw this.running ? new Error(`${error.message}; there was ${said()}`) : error
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends it for good, if it still runs. */
  async end(): Promise<void> {
    if (!this.running) return
    this.kill("SIGCONT")
    this.kill("SIGKILL")
    await this.ended
  }
}

/** Runs a program to its end on this standard input. */
export const runToEnd = (
  words: ReadonlyArray<string>,
  env: Variables,
  input: string | Uint8Array = "",
): Promise<Ended> => {
  const program = new Program(words, env)
  program.endInput(input)
  return program.ended
}
