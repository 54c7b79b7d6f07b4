import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./freePort.ts"

const root = "/usr/lib/postgresql"

/** Debian keeps a version's programs in a directory of its own. */
const programs = (): string => {
  const versions = existsSync(root) ? readdirSync(root) : []
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined) throw new Error("PostgreSQL is missing: install the Debian package postgresql")
  return join(root, newest, "bin")
}

/** It refuses to run as root. */
const unprivileged = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]).toString())
  return { uid: id("-u"), gid: id("-g") }
}

/** A PostgreSQL server of a test's own, in a directory of its own, on an ephemeral port of the loopback address. */
export class PostgresServer {
  readonly port: number
  readonly #folder: string
  #server: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  static async start(): Promise<PostgresServer> {
    const [bin, user, port] = [programs(), unprivileged(), await freePort()]
    const folder = mkdtempSync(join(tmpdir(), "mezite-pg-"))
    if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid)
    const data = join(folder, "data")
    const initdb = ["-D", data, "-U", "mezite", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    execFileSync(join(bin, "initdb"), initdb, { ...user, cwd: folder, stdio: "ignore" })
    const server = new PostgresServer(port, folder)
    await server.restart()
    return server
  }

  /** Starts it again where it is down, with what it had made durable; waits until it answers. */
  async restart(): Promise<void> {
    const [bin, user, folder] = [programs(), unprivileged(), this.#folder]
    const settings = [
      "fsync=off",
      "listen_addresses=127.0.0.1",
      `unix_socket_directories=${folder}`,
      "max_connections=300",
    ]
    const words = ["-D", join(folder, "data"), "-p", `${this.port}`, ...settings.flatMap((setting) => ["-c", setting])]
    this.#server = spawn(join(bin, "postgres"), words, { ...user, cwd: folder, stdio: "ignore" })
    for (let tries = 0; tries < 400; tries += 1) {
      try {
        execFileSync(join(bin, "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", String(this.port)])
        return
      } catch {
        await new Promise((resume) => setTimeout(resume, 50))
      }
    }
    await this.stop()
    throw new Error("PostgreSQL did not start")
  }

  url(database: string): string {
    return `postgres://mezite@127.0.0.1:${this.port}/${database}`
  }

  /** Immediate shutdown: all connections are cut, as by a crash. */
  async crash(): Promise<void> {
    const server = this.#server
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, "exit")
    server.kill("SIGQUIT")
    await ended
  }

  async stop(): Promise<void> {
    await this.crash()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
