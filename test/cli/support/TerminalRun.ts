import { spawnSync } from "node:child_process"
import { type IPty, spawn } from "node-pty"

const limitMs = 20_000

/** A shell on a PTY, so that what a program leaves behind on its terminal can be seen. */
export class TerminalRun {
  private seen = ""
  private readonly pty: IPty
  private readonly listeners = new Set<() => void>()

  constructor(env: Record<string, string> = {}) {
    this.pty = spawn("/bin/sh", ["-i"], {
      cols: 80,
      rows: 24,
      env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", PS1: "READY> ", TERM: "xterm", ...env },
    })
    this.pty.onData((text) => {
      this.seen += text
      for (const listener of this.listeners) listener()
    })
  }

  type(text: string): void {
    this.pty.write(text)
  }

  /** Everything shown so far. */
  get output(): string {
    return this.seen
  }

  /** Forgets what was shown, so that the next wait is for something new. */
  forget(): void {
    this.seen = ""
  }

  /** Waits until this is shown. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const match = pattern.exec(this.seen)
        if (match === null) return
        done()
        resolve(match)
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`no ${pattern} within ${limitMs} ms in ${JSON.stringify(this.seen)}`))
      }, limitMs)
      const done = () => {
        clearTimeout(timer)
        this.listeners.delete(check)
      }
      this.listeners.add(check)
      check()
    })
  }

  /** The terminal's settings, as stty(1) tells them. */
  async settings(): Promise<string> {
    this.forget()
    this.type("stty -g\r")
    const match = await this.until(/([0-9a-f]+(?::[0-9a-f]+){10,})\r/)
    return match[1] ?? ""
  }

  /** The process ids of the shell's children. */
  children(): ReadonlyArray<number> {
    const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(this.pty.pid)], { encoding: "utf8" })
    return stdout.trim().split(/\s+/).filter(Boolean).map(Number)
  }

  close(): void {
    this.pty.kill("SIGKILL")
  }
}
