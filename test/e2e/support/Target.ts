import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePort } from "../../support/freePort.ts"
import { Program } from "./Program.ts"
import { until } from "./until.ts"

/** Everything that descends from a process, by their ids. */
const descendants = (pid: number): ReadonlyArray<number> => {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n")
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): Array<number> =>
    pairs.flatMap(([child, of]) => (of === parent ? [child, ...below(child)] : []))
  return below(pid)
}

/** A machine without an agent: Debian's own sshd, which was told of the cluster's user CA and of nothing else. */
export class Target {
  readonly #directory: string
  readonly port: number
  #sshd: Program | undefined

  private constructor(directory: string, port: number) {
    this.#directory = directory
    this.port = port
  }

  static async start(directory: string, userCa: string): Promise<Target> {
    const target = new Target(directory, await freePort())
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, "user_ca.pub"), userCa)
    target.newHostKey()
    await target.start()
    return target
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  newHostKey(): void {
    const key = join(this.#directory, "host")
    for (const file of [key, `${key}.pub`]) rmSync(file, { force: true })
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])
  }

  async start(): Promise<void> {
    const config = join(this.#directory, "sshd_config")
    const lines = [
      `Port ${this.port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(this.#directory, "host")}`,
      `TrustedUserCAKeys ${join(this.#directory, "user_ca.pub")}`,
      "AuthorizedKeysFile none",
      "PidFile none",
      "UsePAM no",
      "StrictModes no",
      "PermitRootLogin yes",
      "PrintMotd no",
      "PrintLastLog no",
      "AcceptEnv LANG LC_*",
      "Subsystem sftp /usr/lib/openssh/sftp-server",
    ]
    writeFileSync(config, `${lines.join("\n")}\n`)
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
    const sshd = new Program(["/usr/sbin/sshd", "-D", "-e", "-f", config], { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" })
    this.#sshd = sshd
    await until("sshd listens", () => /Server listening/.test(sshd.stderr))
  }

  /** What sshd has logged. */
  get log(): string {
    return this.#sshd?.stderr ?? ""
  }

  /** The whole machine is gone at once, as far as its connections tell: sshd and all that it runs. */
  async kill(): Promise<void> {
    if (this.#sshd === undefined) return
    const all = [this.#sshd.pid, ...descendants(this.#sshd.pid)]
    for (const pid of all) process.kill(pid, "SIGKILL")
    await this.#sshd.ended
  }
}
