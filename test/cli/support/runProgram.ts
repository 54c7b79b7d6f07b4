import { spawn } from "node:child_process"
import { once } from "node:events"

/** What a program said, and how it ended. */
export interface ProgramRun {
  readonly stdout: Buffer
  readonly stderr: string
  readonly code: number | null
}

/** Runs a bundled program to its end, with these words, this standard input and these variables, and no terminal. */
export const runProgram = async (
  program: string,
  words: ReadonlyArray<string>,
  options: { readonly env?: Record<string, string>; readonly input?: string } = {},
): Promise<ProgramRun> => {
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  })
  const stdout: Array<Buffer> = []
  const stderr: Array<Buffer> = []
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on("error", () => undefined)
  child.stdin.end(options.input ?? "")
  const [code] = await once(child, "close")
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8"), code }
}
