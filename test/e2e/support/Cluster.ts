import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import type { Session } from "../../../src/api/ClusterRpcs.ts"
import type { AuditEvent } from "../../../src/domain/AuditEvent.ts"
import type { SpoolEntry } from "../../../src/node/spool/listSpool.ts"
import { bundled, type Ended, endPrograms, Program, runToEnd, type Variables } from "./Program.ts"
import { Target } from "./Target.ts"

export interface ClusterOptions {
  /** Where everything is kept; a new one if not given. */
  readonly directory?: string
  readonly hub?: Variables
  /** Where an agent reaches the hub that listens at this address; there itself if not given. */
  readonly throughTo?: (listen: string, node: string) => Promise<string>
  /** Agents by name, each with its variables. */
  readonly nodes?: Readonly<Record<string, Variables>>
  /** Nodes without an agent, by name; none if not given. */
  readonly targets?: ReadonlyArray<string>
}

/** The account that tests use on nodes: whoever runs them. */
export const login = userInfo().username

const usual = { PATH: process.env.PATH ?? "/usr/bin:/bin", LANG: "C.UTF-8", TERM: "xterm-256color" }

/** A hub and agents, as real processes in a directory of their own, and a user, alice, who may log in as `login`. */
export class Cluster {
  readonly directory: string
  readonly identity: string
  readonly home: string
  readonly agents = new Map<string, Program>()
  readonly targets = new Map<string, Target>()
  /** Every token that a node was to join with. */
  readonly joinTokens: Array<string> = []
  readonly #options: ClusterOptions
  #hub: Program | undefined
  #listen = "127.0.0.1:0"
  #ssh = "127.0.0.1:0"
  #pin = ""
  readonly #hubFor = new Map<string, string>()

  private constructor(options: ClusterOptions) {
    this.#options = options
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), "mezite-e2e-"))
    this.identity = join(this.directory, "alice.json")
    this.home = join(this.directory, "home")
    mkdirSync(this.home)
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options)
    try {
      await cluster.#startAll()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  async #startAll(): Promise<void> {
    const { throughTo, nodes = { "web-1": {} }, targets = [] } = this.#options
    await this.startHub()
    if (throughTo !== undefined) {
      for (const name of Object.keys(nodes)) this.#hubFor.set(name, await throughTo(this.listen, name))
    }
    await Promise.all([
      this.addUser(),
      ...Object.keys(nodes).map((name) => this.startAgent(name)),
      ...targets.map((name) => this.startTarget(name)),
    ])
  }

  get hub(): Program {
    if (this.#hub === undefined) throw new Error("there is no hub")
    return this.#hub
  }

  /** The hub's address, front door and pin, as its line of readiness tells. */
  get listen(): string {
    return this.#listen
  }

  get ssh(): string {
    return this.#ssh
  }

  get pin(): string {
    return this.#pin
  }

  /** Where the hub keeps a session's recording. */
  recording(sessionId: string): string {
    return join(this.hubDirectory, "recordings", `${sessionId}.rec`)
  }

  /** Where the hub has a session's recording while it grows, or waits to be stored. */
  partial(sessionId: string): string {
    return join(this.hubDirectory, "recordings", "partial", `${sessionId}.rec`)
  }

  get hubDirectory(): string {
    return join(this.directory, "hub")
  }

  agentDirectory(name: string): string {
    return join(this.directory, name)
  }

  get hubVariables(): Variables {
    return {
      ...usual,
      HOME: this.home,
      MEZITE_DATA_DIR: this.hubDirectory,
      MEZITE_LISTEN: this.#listen,
      MEZITE_SSH_LISTEN: this.#ssh,
      MEZITE_SPOOL_MIN_FREE: "1MiB",
      ...this.#options.hub,
    }
  }

  agentVariables(name: string): Variables {
    return {
      ...usual,
      HOME: this.home,
      MEZITE_DATA_DIR: this.agentDirectory(name),
      MEZITE_NODE_NAME: name,
      MEZITE_SPOOL_MIN_FREE: "1MiB",
      ...this.#options.nodes?.[name],
    }
  }

  /** What alice's programs are run with. */
  get userVariables(): Variables {
    return this.variablesOf(this.identity)
  }

  /** What the programs of an identity file's owner are run with. */
  variablesOf(identity: string): Variables {
    return { ...usual, HOME: this.home, MEZITE_HOME: join(this.home, ".mezite"), MEZITE_IDENTITY: identity }
  }

  /** Starts the hub, at the same ports where it ran before, and waits until it serves. */
  async startHub(): Promise<void> {
    const hub = new Program([...bundled("mezhub"), "start"], this.hubVariables)
    this.#hub = hub
    const [, listen = "", ssh = "", pin = ""] = await hub.shows(
      /^mezhub ready listen=(\S+) ssh=(\S+)(?: ca_pin=(\S+))?$/m,
    )
    this.#listen = listen
    this.#ssh = ssh
    this.#pin = pin
  }

  /** Starts an agent, which joins the first time, and waits until it serves. */
  async startAgent(name: string): Promise<void> {
    const token = this.agents.has(name) ? undefined : await this.joinToken()
    const join = token === undefined ? {} : { ...this.hubForAgent(name), MEZITE_JOIN_TOKEN: token }
    const agent = new Program([...bundled("mezd"), "start"], { ...this.agentVariables(name), ...join })
    this.agents.set(name, agent)
    await agent.shows(/^mezd ready node=\S+ id=\S+$/m)
  }

  /** Starts a machine without an agent, and adds it. */
  async startTarget(name: string, logins = `${login},nobody-here`): Promise<void> {
    const userCa = (await this.mezctl("ca", "export", "--type", "user")).stdout.toString()
    const target = await Target.start(join(this.directory, name), userCa)
    this.targets.set(name, target)
    await this.mezctl("nodes", "add", "--openssh", name, "--addr", target.address, "--logins", logins)
  }

  target(name = "db-1"): Target {
    const target = this.targets.get(name)
    if (target === undefined) throw new Error(`there is no machine ${name}`)
    return target
  }

  hubForAgent(name: string): Variables {
    return this.#pin === ""
      ? { MEZITE_HUB: `http://${this.#hubFor.get(name) ?? this.#listen}` }
      : { MEZITE_HUB: this.#hubFor.get(name) ?? this.#listen, MEZITE_CA_PIN: this.#pin }
  }

  async joinToken(): Promise<string> {
    const { stdout } = await this.mezctl("tokens", "add", "--type", "node", "--ttl", "1h")
    const token = stdout.toString().trim()
    this.joinTokens.push(token)
    return token
  }

  agent(name = "web-1"): Program {
    const agent = this.agents.get(name)
    if (agent === undefined) throw new Error(`there is no agent ${name}`)
    return agent
  }

  private async addUser(): Promise<void> {
    await this.mezctl("users", "add", "alice", "--roles", "user", "--logins", `${login},nobody-here`)
    await this.mezctl("auth", "sign", "--user", "alice", "--ttl", "1h", "--out", this.identity)
  }

  /** Runs `mezctl` on the hub's host; anything but success is an error. */
  async mezctl(...words: ReadonlyArray<string>): Promise<Ended> {
    const ended = await this.tryMezctl(...words)
    if (ended.code !== 0) throw new Error(`mezctl ${words.join(" ")}: ${ended.stderr}`)
    return ended
  }

  tryMezctl(...words: ReadonlyArray<string>): Promise<Ended> {
    return runToEnd([...bundled("mezctl"), ...words], this.hubVariables)
  }

  /** What an agent's disk holds, as `mezd spool ls` tells it. */
  async spool(name: string): Promise<ReadonlyArray<SpoolEntry>> {
    const words = [...bundled("mezd"), "spool", "ls", "--format=json"]
    const { code, stdout, stderr } = await runToEnd(words, this.agentVariables(name))
    if (code !== 0) throw new Error(`mezd spool ls: ${stderr}`)
    return JSON.parse(stdout.toString())
  }

  /** Runs `msh` as alice. */
  msh(...words: ReadonlyArray<string>): Promise<Ended> {
    return runToEnd([...bundled("msh"), ...words], this.userVariables)
  }

  /** Sessions, the newest first. */
  async sessions(): Promise<ReadonlyArray<Session>> {
    return JSON.parse((await this.mezctl("sessions", "ls", "--format=json")).stdout.toString())
  }

  /** Audit events of a type, the newest first. */
  async audit(type: AuditEvent["type"]): Promise<ReadonlyArray<AuditEvent>> {
    return JSON.parse((await this.mezctl("audit", "ls", "--type", type, "--format=json")).stdout.toString())
  }

  /** The newest session. */
  async lastSession(): Promise<Session> {
    const [session] = await this.sessions()
    if (session === undefined) throw new Error("there is no session")
    return session
  }

  /** Writes what `msh config` prints, and gives its path. */
  async sshConfig(identity = this.identity): Promise<string> {
    const path = `${identity}.ssh_config`
    const { stdout, stderr, code } = await runToEnd([...bundled("msh"), "config"], this.variablesOf(identity))
    if (code !== 0) throw new Error(`msh config: ${stderr}`)
    writeFileSync(path, stdout)
    return path
  }

  /** Ends everything that this test file started, and leaves nothing behind. */
  async stop(): Promise<void> {
    await endPrograms()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
