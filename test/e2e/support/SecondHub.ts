import { join } from "node:path"
import { bundled, Program, runToEnd, type Variables } from "./Program.ts"

/** A hub with a directory of its own beside a cluster's first. */
export class SecondHub {
  readonly variables: Variables
  readonly #program: Program
  pin = ""
  /** Its front door. */
  ssh = ""

  private constructor(directory: string, shared: Variables) {
    this.variables = {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      HOME: directory,
      MEZITE_DATA_DIR: join(directory, "hub-b"),
      MEZITE_LISTEN: "127.0.0.1:0",
      MEZITE_SSH_LISTEN: "127.0.0.1:0",
      ...shared,
    }
    this.#program = new Program([...bundled("mezhub"), "start"], this.variables)
  }

  /** Starts it and waits until it serves; `shared`: what the hubs have together. */
  static async start(directory: string, shared: Variables): Promise<SecondHub> {
    const hub = new SecondHub(directory, shared)
    const [, ssh = "", pin = ""] = await hub.#program.shows(/^mezhub ready listen=\S+ ssh=(\S+) ca_pin=(\S+)$/m)
    Object.assign(hub, { ssh, pin })
    return hub
  }

  /** Runs `mezctl` on its host; anything but success is an error. */
  async mezctl(...words: ReadonlyArray<string>): Promise<string> {
    const { code, stdout, stderr } = await runToEnd([...bundled("mezctl"), ...words], this.variables)
    if (code !== 0) throw new Error(`mezctl ${words.join(" ")}: ${stderr}`)
    return stdout.toString()
  }

  async json<A>(...words: ReadonlyArray<string>): Promise<A> {
    return JSON.parse(await this.mezctl(...words, "--format=json"))
  }
}
