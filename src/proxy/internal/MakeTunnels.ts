import { Effect, Runtime, Schema } from "effect"
import { WebSocket } from "ws"
import { closeGently } from "../../api/transport/CloseGently.ts"
import { Announcement, closeCode } from "../../api/transport/TunnelMessages.ts"
import { WebSocketDuplex } from "../../api/transport/WebSocketDuplex.ts"
import type { NodeId, NodeName } from "../../domain/Identifiers.ts"
import type { NodeIdentity } from "../NodeAuthenticator.ts"
import { NodeOffline, TunnelTimeout } from "../TunnelErrors.ts"
import type { ConnectionInfo, TunnelsOptions } from "../Tunnels.ts"
import { NodeConnection } from "./NodeConnection.ts"

const announce = Schema.encodeSync(Announcement)

const offline = (node: string) => new NodeOffline({ node, message: `node ${node} is offline` })

/** Waits for a tunnel; whoever is interrupted meanwhile leaves none behind. */
const takeTunnel = (connection: NodeConnection, timeoutMs: number) =>
  Effect.async<WebSocket, NodeOffline | TunnelTimeout>((resume) => {
    const node = connection.node.name
    let taken: WebSocket | undefined
    let cancel = () => {}
    const timer = setTimeout(() => {
      cancel()
      const message = `node ${node} is connected, but did not dial back within ${timeoutMs / 1000} s`
      resume(Effect.fail(new TunnelTimeout({ node, message })))
    }, timeoutMs)
    cancel = connection.take({
      onTunnel: (tunnel) => {
        clearTimeout(timer)
        taken = tunnel
        resume(Effect.succeed(tunnel))
      },
      onLost: () => {
        clearTimeout(timer)
        resume(Effect.fail(offline(node)))
      },
    })
    return Effect.sync(() => {
      clearTimeout(timer)
      cancel()
      if (taken !== undefined) closeGently(taken)
    })
  })

/** The registry behind `Tunnels`. */
export const makeTunnels = Effect.fn("Tunnels.make")(function* (options: TunnelsOptions) {
  const byName = new Map<NodeName, NodeConnection>()
  // Also those whose control connection is gone but whose tunnels are still in use.
  const all = new Set<NodeConnection>()
  const runFork = Runtime.runFork(yield* Effect.runtime<never>())

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const connection of all) {
        connection.end(closeCode.goingAway, "the hub stops")
        connection.lost()
        connection.cut()
      }
    }),
  )

  const onControlClosed = (connection: NodeConnection) => {
    connection.lost()
    if (byName.get(connection.node.name) !== connection) return
    byName.delete(connection.node.name)
    runFork(Effect.logInfo("node is offline").pipe(Effect.annotateLogs({ node: connection.node.name })))
  }

  const addControl = Effect.fn("Tunnels.addControl")(function* (node: NodeIdentity, control: WebSocket) {
    const earlier = byName.get(node.name)
    const connection = new NodeConnection(node, control, options.heartbeat)
    connection.onGone = () => all.delete(connection)
    all.add(connection)
    byName.set(node.name, connection)
    control.once("close", () => onControlClosed(connection))
    control.resume()
    if (control.readyState === WebSocket.CLOSED) return onControlClosed(connection)
    if (earlier === undefined) {
      return yield* Effect.logInfo("node is online").pipe(Effect.annotateLogs({ node: node.name }))
    }
    earlier.end(closeCode.replaced, "another connection of this node took its place")
    earlier.lost()
    yield* Effect.logWarning("a second connection of the node replaced the first").pipe(
      Effect.annotateLogs({ node: node.name }),
    )
  })

  const addTunnel = (node: NodeIdentity, tunnel: WebSocket) =>
    Effect.sync(() => {
      const connection = byName.get(node.name)
      tunnel.resume()
      if (connection?.node.id === node.id) connection.add(tunnel)
      else closeGently(tunnel, closeCode.policy, "there is no control connection")
    })

  const open = Effect.fn("Tunnels.open")(function* (node: NodeName, about: ConnectionInfo) {
    const connection = byName.get(node)
    if (connection === undefined) return yield* offline(node)
    const tunnel = yield* Effect.acquireRelease(
      Effect.interruptible(takeTunnel(connection, options.dialTimeoutMs)),
      (tunnel) => Effect.sync(() => closeGently(tunnel)),
    )
    tunnel.send(announce({ connection_id: about.connectionId, remote_address: about.remoteAddress }))
    return tunnel
  })

  const disconnect = (id: NodeId) =>
    Effect.sync(() => {
      for (const connection of all) {
        if (connection.node.id !== id) continue
        connection.end(closeCode.removed, "the node was removed from the cluster")
        connection.cut()
      }
    })

  return {
    open,
    connect: (node: NodeName, about: ConnectionInfo) =>
      Effect.map(open(node, about), (tunnel) => new WebSocketDuplex(tunnel)),
    online: Effect.sync(() => new Set([...byName.values()].map(({ node }) => node.id))),
    disconnect,
    addControl,
    addTunnel,
  }
})
