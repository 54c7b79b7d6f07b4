import { type IPty, spawn } from "node-pty"
import type { Variables } from "./Program.ts"
import { until } from "./until.ts"

/** Tells the program's status once it has ended, and keeps the terminal open so that nothing of its output is lost. */
const script = `"$@"; printf '\n[status %d]\n' $?; stty -a | tr -s ' ;' '\n' | grep -x -e icanon -e opost | tr '\n' ' '; echo .; exec cat`

/** A program at a terminal: typed at and looked at, as a person would. */
export class Terminal {
  readonly #pty: IPty
  readonly #seen: Array<Buffer> = []

  constructor(words: ReadonlyArray<string>, env: Variables, size = { cols: 80, rows: 24 }) {
    this.#pty = spawn("/bin/sh", ["-c", script, "sh", ...words], { ...size, env: { ...env }, encoding: null })
    // With no encoding it gives bytes, whatever its types say.
    this.#pty.onData((data) => this.#seen.push(data as unknown as Buffer))
  }

  /** All that was shown, byte for byte. */
  get bytes(): Buffer {
    return Buffer.concat(this.#seen)
  }

  get text(): string {
    return this.bytes.toString("utf8")
  }

  /** What was shown while the program ran. */
  get shownByProgram(): Buffer {
    const end = this.bytes.lastIndexOf("\r\n[status ")
    return end === -1 ? this.bytes : this.bytes.subarray(0, end)
  }

  type(text: string | Buffer): void {
    // node-pty writes what it is given; its types know only strings.
    this.#pty.write(text as string)
  }

  resize(cols: number, rows: number): void {
    this.#pty.resize(cols, rows)
  }

  /** Waits until this is shown, after the first `from` characters. */
  async shows(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray> {
    try {
      return await until(`${pattern}`, () => pattern.exec(this.text) ?? undefined, withinMs)
    } catch (error) {
      throw new Error(`${error} at a terminal that shows ${JSON.stringify(this.text.slice(-2_000))}`)
    }
  }

  /** The program's exit status, once it has ended, and whether it left the terminal as a shell wants it. */
  async ended(withinMs?: number): Promise<{ readonly status: number; readonly sane: boolean }> {
    const [, status, settings = ""] = await this.shows(/\[status (\d+)\]\r?\n([^.]*)\./, withinMs)
    return { status: Number(status), sane: /^opost icanon $/.test(settings) }
  }

  close(): void {
    this.#pty.kill("SIGKILL")
  }
}
