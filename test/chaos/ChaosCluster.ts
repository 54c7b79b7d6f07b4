import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { RecordingMode } from "../../src/domain/RecordingMode.ts"
import { Cluster } from "../e2e/support/Cluster.ts"
import { endPrograms, type Program, type Variables } from "../e2e/support/Program.ts"
import { Relay } from "../e2e/support/Relay.ts"
import { FakeClock } from "./FakeClock.ts"
import type { FaultKind } from "./Fault.ts"
import { filesBelow } from "./filesBelow.ts"
import { nodeOf } from "./nodeOf.ts"
import { SmallDisk } from "./SmallDisk.ts"
import { commandLine, liveProcesses } from "./sessionProcesses.ts"

export interface ChaosClusterOptions {
  readonly directory: string
  readonly kinds: ReadonlyArray<FaultKind>
  /** A node for each; see `nodeOf`. */
  readonly modes: ReadonlyArray<RecordingMode>
  readonly hub: Variables
  readonly agents: Variables
}

const portOf = (address: string): number => Number(address.split(":").at(-1))

/** A hub, an agent for each mode, and between them and the users networks, disks and clocks that can be made bad. */
export class ChaosCluster {
  readonly #options: ChaosClusterOptions
  readonly #relays = new Map<string, Relay>()
  readonly #disks = new Map<string, SmallDisk>()
  readonly #clocks = new Map<string, FakeClock>()
  readonly #lives: Array<{ readonly name: string; readonly program: Program }> = []
  #cluster: Cluster | undefined
  #isOver = false

  private constructor(options: ChaosClusterOptions) {
    this.#options = options
  }

  /** Those that were started and not stopped. */
  static readonly running = new Set<ChaosCluster>()

  static async start(options: ChaosClusterOptions): Promise<ChaosCluster> {
    const chaos = new ChaosCluster(options)
    ChaosCluster.running.add(chaos)
    try {
      await chaos.#start()
      return chaos
    } catch (error) {
      await chaos.stop()
      throw error
    }
  }

  async #start(): Promise<void> {
    const { directory, kinds, modes } = this.#options
    mkdirSync(this.traces, { recursive: true })
    const hasClocks = kinds.some((kind) => kind.startsWith("clock-"))
    for (const name of ["hub", ...this.nodes]) {
      const kind = name === "hub" ? "hub" : "agent"
      if (kinds.includes(`disk-${kind}`)) this.#disks.set(name, SmallDisk.mount(join(directory, name)))
      if (hasClocks) this.#clocks.set(name, new FakeClock(join(directory, `${name}.clock`)))
    }
    this.#cluster = await Cluster.start({
      directory,
      hub: { ...this.#options.hub, ...this.#clocks.get("hub")?.variables },
      nodes: Object.fromEntries(modes.map((mode) => [nodeOf(mode), this.#agentVariables(mode)])),
      throughTo: async (listen, node) => (await this.#relay(node, listen)).address,
    })
    this.#lives.push({ name: "hub", program: this.cluster.hub })
    for (const name of this.nodes) this.#lives.push({ name, program: this.cluster.agent(name) })
    await this.#putUsersBehindRelay()
  }

  #agentVariables(mode: RecordingMode): Variables {
    return { ...this.#options.agents, MEZITE_RECORDING_MODE: mode, ...this.#clocks.get(nodeOf(mode))?.variables }
  }

  async #relay(name: string, listen: string): Promise<Relay> {
    const relay = await Relay.start(portOf(listen))
    this.#relays.set(name, relay)
    return relay
  }

  async #putUsersBehindRelay(): Promise<void> {
    const relay = await this.#relay("users", this.cluster.listen)
    const identity = JSON.parse(readFileSync(this.cluster.identity, "utf8"))
    writeFileSync(this.cluster.identity, JSON.stringify({ ...identity, hub: relay.address }))
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error("the cluster was not started")
    return this.#cluster
  }

  get nodes(): ReadonlyArray<string> {
    return this.#options.modes.map(nodeOf)
  }

  /** Where sessions leave their traces. */
  get traces(): string {
    return join(this.#options.directory, "traces")
  }

  /** The network between the hub and a node, or its `users`. */
  relay(name: string): Relay {
    const relay = this.#relays.get(name)
    if (relay === undefined) throw new Error(`there is no network of ${name}`)
    return relay
  }

  /** The disk of the hub or a node, where it has one of its own. */
  disk(name: string): SmallDisk | undefined {
    return this.#disks.get(name)
  }

  clock(name: string): FakeClock | undefined {
    return this.#clocks.get(name)
  }

  /** The hub, or a node's agent; what runs now, or ran last. */
  program(name: string): Program {
    return name === "hub" ? this.cluster.hub : this.cluster.agent(name)
  }

  /** Starts the hub or a node's agent where it does not run, and waits until it serves. */
  async start(name: string): Promise<void> {
    if (this.program(name).running || this.#isOver) return
    const started = name === "hub" ? this.cluster.startHub() : this.cluster.startAgent(name)
    this.#lives.push({ name, program: this.program(name) })
    await started
  }

  /** The files that agents keep because the hub has not confirmed them, or refused them: recordings, and audit events. */
  get spooled(): ReadonlyArray<string> {
    return this.nodes.flatMap((node) =>
      ["spool", "events"].flatMap((folder) => filesBelow(join(this.cluster.agentDirectory(node), "agent", folder))),
    )
  }

  /** Recordings that the hub has not put in their place. */
  get partials(): ReadonlyArray<string> {
    return readdirSync(join(this.cluster.hubDirectory, "recordings/partial"))
  }

  /** Writes down what each program said, in each of its lives. */
  writeLogs(): void {
    for (const [index, { name, program }] of this.#lives.entries()) {
      writeFileSync(join(this.#options.directory, `${index}-${name}.log`), `${program.stdout}${program.stderr}`)
    }
  }

  /** Ends all programs, and starts no others; disks stay, to be looked at. */
  async end(): Promise<void> {
    this.#isOver = true
    await endPrograms()
    // What a client that was killed had started: its words name this directory.
    for (const { pid } of liveProcesses()) {
      if (commandLine(pid).includes(this.#options.directory)) process.kill(pid, "SIGKILL")
    }
    for (const relay of this.#relays.values()) relay.close()
  }

  /** Ends all, and gives the disks back with what is on them. */
  async stop(): Promise<void> {
    await this.end()
    for (const disk of this.#disks.values()) disk.unmount()
    this.#disks.clear()
    ChaosCluster.running.delete(this)
  }
}
