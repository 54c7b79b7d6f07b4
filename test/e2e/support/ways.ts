import { type Cluster, login } from "./Cluster.ts"
import { bundled } from "./Program.ts"

/** A way into a node: the words of the client that runs a command there, or a shell where there is none. */
export interface Way {
  readonly name: string
  readonly words: (cluster: Cluster, node: string, options?: WayOptions) => Promise<ReadonlyArray<string>>
}

export interface WayOptions {
  readonly login?: string
  readonly command?: string
  /** Another identity file than alice's. */
  readonly identity?: string
  /** Asks for a terminal also for a command, and where there is none on this side. */
  readonly terminal?: boolean
  /** What `msh config` printed, where that is kept already. */
  readonly config?: string
  /** Whether OpenSSH adds no words of its own; so it is at a terminal. */
  readonly quiet?: boolean
}

const tail = ({ command }: WayOptions) => (command === undefined ? [] : [command])

export const mshSsh: Way = {
  name: "msh ssh",
  words: async (_cluster, node, options = {}) => [
    ...bundled("msh"),
    "ssh",
    ...(options.terminal === true ? ["-t"] : []),
    `${options.login ?? login}@${node}`,
    ...tail(options),
  ],
}

/** OpenSSH, by what `msh config` prints and nothing else; at a terminal quiet, so that it adds no words of its own. */
const openSsh = async (cluster: Cluster, node: string, options: WayOptions, more: ReadonlyArray<string>) => [
  "ssh",
  ...((options.quiet ?? (options.command === undefined || options.terminal === true)) ? ["-q"] : []),
  "-F",
  options.config ?? (await cluster.sshConfig(options.identity)),
  ...more,
  ...(options.terminal === true ? ["-tt"] : []),
  `${options.login ?? login}@${node}.mezite`,
  ...tail(options),
]

export const proxyCommand: Way = {
  name: "ssh through ProxyCommand",
  words: (cluster, node, options = {}) => openSsh(cluster, node, options, []),
}

export const jump: Way = {
  name: "ssh -J",
  words: (cluster, node, options = {}) => openSsh(cluster, node, options, ["-J", `alice@${cluster.ssh}`]),
}

export const ways = [mshSsh, proxyCommand, jump] as const
