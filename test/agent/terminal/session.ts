import "../../support/builtNative.ts"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { userInfo } from "node:os"
import { Chunk, Effect, Option, Stream } from "effect"
import { type LoginEnvironmentInput, loginEnvironment } from "../../../src/agent/terminal/LoginEnvironment.ts"
import type { LoginUser } from "../../../src/agent/terminal/LoginUser.ts"
import type { PtyOptions } from "../../../src/agent/terminal/Pty.ts"
import type { Terminal } from "../../../src/session/Terminal.ts"

/** Whether the process runs; one that is dead but not yet reaped does not. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return false
  }
}

export const isRoot = process.getuid?.() === 0

/** Whoever runs the tests. */
export const self: LoginUser = {
  name: userInfo().username,
  uid: userInfo().uid,
  gid: userInfo().gid,
  home: userInfo().homedir,
  shell: "/bin/bash",
}

const size = { cols: 80, rows: 24, widthPx: 0, heightPx: 0 }

export const optionsFor = (
  user: LoginUser,
  command?: string,
  extra: Partial<LoginEnvironmentInput> = {},
): PtyOptions => ({
  user,
  environment: loginEnvironment({ user, system: {}, client: {}, ...extra }),
  command: Option.fromNullable(command),
  gate: Option.none(),
  size,
  term: "xterm",
})

/** Everything that the terminal wrote, once it has ended. */
export const readAll = (terminal: Terminal) =>
  Stream.runCollect(terminal.output).pipe(
    Effect.map((chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks).map((output) => output.bytes))),
  )

export const readText = (terminal: Terminal) => Effect.map(readAll(terminal), (bytes) => bytes.toString("latin1"))

/** An account with supplementary groups, removed together with them when the scope closes. Root only. */
export const throwAwayUser = (options: ReadonlyArray<string> = []) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const name = `mezt${process.pid.toString(36)}${Math.random().toString(36).slice(2, 8)}`
      const quiet = { stdio: "ignore" as const }
      execFileSync("groupadd", [`${name}x`], quiet)
      execFileSync("useradd", ["-m", "-s", "/bin/bash", "-G", `${name}x`, ...options, name], quiet)
      return name
    }),
    (name) =>
      Effect.sync(() => {
        execFileSync("userdel", ["-r", "-f", name], { stdio: "ignore" })
        execFileSync("groupdel", [`${name}x`], { stdio: "ignore" })
      }),
  )
