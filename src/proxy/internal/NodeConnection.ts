import { Schema } from "effect"
import type { WebSocket } from "ws"
import { closeGently } from "../../api/transport/CloseGently.ts"
import { type Heartbeat, keepWarm, watchHeartbeat } from "../../api/transport/Heartbeat.ts"
import { ControlMessage, closeCode } from "../../api/transport/TunnelMessages.ts"
import type { Lock } from "../../domain/Lock.ts"
import type { NodeIdentity } from "../NodeAuthenticator.ts"

/** Who waits for a tunnel. Exactly one of the two is called, once, unless the wait is cancelled before. */
export interface TunnelWaiter {
  readonly onTunnel: (tunnel: WebSocket) => void
  readonly onLost: () => void
}

const maxWarm = 8
const encode = Schema.encodeSync(ControlMessage)

/** One node's control connection, and the tunnels that it dialled back: warm ones, and those in use. */
export class NodeConnection {
  readonly #warm = new Map<WebSocket, () => void>()
  readonly #used = new Set<WebSocket>()
  readonly #waiters = new Set<TunnelWaiter>()
  readonly node: NodeIdentity
  readonly #control: WebSocket
  readonly #heartbeat: Heartbeat
  #isLost = false
  /** Called once the control connection is gone and no tunnel is in use any more. */
  onGone: () => void = () => {}

  constructor(node: NodeIdentity, control: WebSocket, heartbeat: Heartbeat, locks: ReadonlyArray<Lock>) {
    this.node = node
    this.#control = control
    this.#heartbeat = heartbeat
    control.on("error", () => {})
    // An agent has nothing to say here; pongs are not messages.
    control.on("message", () => closeGently(control, closeCode.policy, "unexpected message"))
    watchHeartbeat(control, heartbeat)
    this.tell({ type: "welcome", node: node.name, ping_interval_ms: heartbeat.intervalMs, locks })
  }

  /** A tunnel that was dialled back goes to who waits longest, or is kept warm; one too many is closed. */
  add(tunnel: WebSocket): void {
    tunnel.on("error", () => {})
    const [waiter] = this.#waiters
    if (waiter !== undefined) {
      this.#waiters.delete(waiter)
      waiter.onTunnel(this.#use(tunnel))
    } else if (this.#warm.size < maxWarm) this.#keep(tunnel)
    else closeGently(tunnel, closeCode.surplus, "there are enough")
  }

  #keep(tunnel: WebSocket): void {
    const stop = watchHeartbeat(tunnel, this.#heartbeat)
    const speaksUnasked = () => closeGently(tunnel, closeCode.policy, "unexpected message")
    tunnel.on("message", speaksUnasked)
    const forget = () => void this.#warm.delete(tunnel)
    tunnel.once("close", forget)
    this.#warm.set(tunnel, () => {
      stop()
      tunnel.off("message", speaksUnasked)
      tunnel.off("close", forget)
    })
  }

  #use(tunnel: WebSocket): WebSocket {
    // Its node may answer before anybody listens.
    tunnel.pause()
    this.#used.add(tunnel)
    tunnel.once("close", () => {
      this.#used.delete(tunnel)
      if (this.#isLost && this.#used.size === 0) this.onGone()
    })
    keepWarm(tunnel, this.#heartbeat)
    return tunnel
  }

  #takeWarm(): WebSocket | undefined {
    for (const [tunnel, release] of this.#warm) {
      this.#warm.delete(tunnel)
      release()
      if (tunnel.readyState === tunnel.OPEN) return this.#use(tunnel)
    }
    return undefined
  }

  /** Gives a warm tunnel at once, or asks the agent for one. Cancel with the function that is given back. */
  take(waiter: TunnelWaiter): () => void {
    const warm = this.#takeWarm()
    if (warm !== undefined) {
      waiter.onTunnel(warm)
      return () => {}
    }
    this.#waiters.add(waiter)
    this.tell({ type: "dial", tunnels: 1 })
    return () => void this.#waiters.delete(waiter)
  }

  /** Sends a message to the agent; none where the control connection is gone. */
  tell(message: ControlMessage): void {
    if (this.#isLost) return
    this.#control.send(encode(message))
  }

  /** The control connection is no more: no tunnel is to be had through it; those in use live on. */
  lost(): void {
    this.#isLost = true
    for (const [tunnel, release] of this.#warm) {
      release()
      closeGently(tunnel, closeCode.goingAway)
    }
    this.#warm.clear()
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.onLost()
    if (this.#used.size === 0) this.onGone()
  }

  /** Ends the control connection, telling why; `lost` follows when it has closed. */
  end(code: number, reason: string): void {
    closeGently(this.#control, code, reason)
  }

  /** Cuts the tunnels in use. */
  cut(): void {
    for (const tunnel of this.#used) tunnel.terminate()
  }
}
