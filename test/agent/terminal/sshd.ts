import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import { freePort } from "../../support/freePort.ts"

interface Sshd {
  /** What `ssh` prints on its standard output. */
  readonly run: (login: string, options: ReadonlyArray<string>, command: string) => string
}

const answers = (port: number) =>
  Effect.async<void, Error>((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("data", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.once("error", (error) => resume(Effect.fail(error)))
  }).pipe(Effect.retry(Schedule.spaced("50 millis")), Effect.timeout("10 seconds"), Effect.orDie)

const configure = (folder: string, port: number): void => {
  for (const key of ["host", "user"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)])
  }
  writeFileSync(join(folder, "authorized"), readFileSync(join(folder, "user.pub")))
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(folder, "host")}`,
    `AuthorizedKeysFile ${join(folder, "authorized")}`,
    "StrictModes no",
    "UsePAM no",
    "PidFile none",
    "PrintMotd no",
    "PrintLastLog no",
    "AcceptEnv LANG LC_*",
  ]
  writeFileSync(join(folder, "config"), `${lines.join("\n")}\n`)
}

const client = (folder: string, port: number): Sshd["run"] => {
  const fixed = [
    "-F",
    "none",
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
  ]
  return (login, options, command) =>
    execFileSync(
      "ssh",
      [...fixed, "-i", join(folder, "user"), "-p", `${port}`, ...options, `${login}@127.0.0.1`, command],
      { encoding: "latin1", stdio: ["ignore", "pipe", "inherit"], env: { PATH: "/usr/bin:/bin", TERM: "xterm" } },
    )
}

/** A real sshd (UsePAM no) on a port of its own, with one key that lets in everybody. Root only. */
export const realSshd = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    // sshd reads the authorized keys as the user.
    Effect.sync(() => {
      const made = mkdtempSync(join(tmpdir(), "mezite-sshd-"))
      execFileSync("chmod", ["755", made])
      return made
    }),
    (made) => Effect.sync(() => rmSync(made, { recursive: true })),
  )
  const port = yield* Effect.promise(freePort)
  configure(folder, port)
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
  yield* Effect.acquireRelease(
    Effect.sync(() => spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "config")], { stdio: "ignore" })),
    (daemon: ChildProcess) => Effect.sync(() => daemon.kill("SIGTERM")),
  )
  yield* answers(port)
  const sshd: Sshd = { run: client(folder, port) }
  return sshd
})
