import { Option } from "effect"
import { WebSocket } from "ws"
import { closeGently } from "../../api/transport/CloseGently.ts"
import type { Heartbeat } from "../../api/transport/Heartbeat.ts"
import { type ClusterHubs, type ControlMessage, closeCode, type EndTarget } from "../../api/transport/TunnelMessages.ts"
import type { NodeId, NodeName } from "../../domain/Identifiers.ts"
import type { Lock } from "../../domain/Lock.ts"
import type { NodeIdentity } from "../NodeAuthenticator.ts"
import { NodeConnection } from "./NodeConnection.ts"

/** How long a node that is cut off has to tell users why, in milliseconds. */
const graceMs = 1_500

/** The nodes that are connected, by name; one connection each. */
export class NodeRegistry {
  readonly #byName = new Map<NodeName, NodeConnection>()
  // Also those whose control connection is gone but whose tunnels are still in use.
  readonly #all = new Set<NodeConnection>()
  readonly #heartbeat: Heartbeat
  #locks: ReadonlyArray<Lock> = []
  #hubs: ClusterHubs | undefined
  readonly #onOffline: (node: NodeName) => void

  constructor(heartbeat: Heartbeat, onOffline: (node: NodeName) => void) {
    this.#heartbeat = heartbeat
    this.#onOffline = onOffline
  }

  get(name: NodeName): NodeConnection | undefined {
    return this.#byName.get(name)
  }

  get online(): ReadonlySet<NodeId> {
    return new Set([...this.#byName.values()].map(({ node }) => node.id))
  }

  /** Takes a node's control connection; tells whether an earlier one gave way. */
  add(node: NodeIdentity, control: WebSocket): boolean {
    const earlier = this.#byName.get(node.name)
    const connection = new NodeConnection(node, control, this.#heartbeat, this.#locks)
    if (this.#hubs !== undefined) connection.tell({ type: "hubs", ...this.#hubs })
    connection.onGone = () => this.#all.delete(connection)
    this.#all.add(connection)
    this.#byName.set(node.name, connection)
    control.once("close", () => this.#closed(connection))
    control.resume()
    if (control.readyState === WebSocket.CLOSED) this.#closed(connection)
    earlier?.end(closeCode.replaced, "another connection of this node took its place")
    earlier?.lost()
    return earlier !== undefined
  }

  #closed(connection: NodeConnection): void {
    const { name } = connection.node
    connection.lost()
    if (this.#byName.get(name) !== connection) return
    this.#byName.delete(name)
    this.#onOffline(name)
  }

  /** Takes a tunnel that a node dialled back. */
  addTunnel(node: NodeIdentity, tunnel: WebSocket): void {
    const connection = this.#byName.get(node.name)
    tunnel.resume()
    if (connection?.node.id === node.id) connection.add(tunnel)
    else closeGently(tunnel, closeCode.policy, "there is no control connection")
  }

  /** Tells every node which locks hold from now on, where they are others than before. */
  hold(locks: ReadonlyArray<Lock>): void {
    const before = new Set(this.#locks.map(({ id }) => id))
    if (locks.length === before.size && locks.every(({ id }) => before.has(id))) return
    this.#locks = locks
    this.tell({ type: "locks", locks })
  }

  /** Tells every node which hubs there are, where they are others than before. */
  knowHubs(hubs: ClusterHubs): void {
    if (JSON.stringify(hubs) === JSON.stringify(this.#hubs)) return
    this.#hubs = hubs
    this.tell({ type: "hubs", ...hubs })
  }

  /** Tells every node. */
  tell(message: ControlMessage): void {
    for (const connection of this.#byName.values()) connection.tell(message)
  }

  /** Tells a node, or every one, to end something. */
  end(target: EndTarget, reason: string, node?: NodeName): void {
    const told =
      node === undefined ? this.#byName.values() : Option.toArray(Option.fromNullable(this.#byName.get(node)))
    for (const connection of told) connection.tell({ type: "end", target, reason })
  }

  /** Cuts off nodes at once, and what goes over their tunnels after `graceMs`, so that its users may read why. */
  shutOut(whom: (node: NodeIdentity) => boolean, code: number, reason: string): void {
    for (const connection of this.#all) {
      if (!whom(connection.node)) continue
      connection.end(code, reason)
      this.#closed(connection)
      setTimeout(() => connection.cut(), graceMs).unref()
    }
  }

  /** Tells all nodes that the hub goes away, and cuts everything. */
  stop(): void {
    for (const connection of this.#all) {
      connection.end(closeCode.goingAway, "the hub stops")
      connection.lost()
      connection.cut()
    }
  }
}
