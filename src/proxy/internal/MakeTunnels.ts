import { Duration, Effect, Runtime, Schema } from "effect"
import type { WebSocket } from "ws"
import { closeGently } from "../../api/transport/CloseGently.ts"
import { Announcement, type ClusterHubs, closeCode, type EndTarget } from "../../api/transport/TunnelMessages.ts"
import { WebSocketDuplex } from "../../api/transport/WebSocketDuplex.ts"
import type { NodeId, NodeName } from "../../domain/Identifiers.ts"
import type { Lock } from "../../domain/Lock.ts"
import type { NodeIdentity } from "../NodeAuthenticator.ts"
import { NodeOffline, TunnelTimeout } from "../TunnelErrors.ts"
import type { ConnectionInfo, TunnelsOptions } from "../Tunnels.ts"
import type { NodeConnection } from "./NodeConnection.ts"
import { NodeRegistry } from "./NodeRegistry.ts"

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

/** The service behind `Tunnels`. */
export const makeTunnels = Effect.fn("Tunnels.make")(function* (options: TunnelsOptions) {
  const runFork = Runtime.runFork(yield* Effect.runtime<never>())
  const registry = new NodeRegistry(options.heartbeat, (node) =>
    runFork(Effect.annotateLogs(Effect.logInfo("node is offline"), { node })),
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => registry.stop()))

  const addControl = Effect.fn("Tunnels.addControl")(function* (node: NodeIdentity, control: WebSocket) {
    const replaced = registry.add(node, control)
    const told = replaced
      ? Effect.logWarning("a second connection of the node replaced the first")
      : Effect.logInfo("node is online")
    yield* Effect.annotateLogs(told, { node: node.name })
  })

  const open = Effect.fn("Tunnels.open")(function* (node: NodeName, about: ConnectionInfo) {
    const connection = registry.get(node)
    if (connection === undefined) return yield* offline(node)
    const tunnel = yield* Effect.acquireRelease(
      Effect.interruptible(takeTunnel(connection, options.dialTimeoutMs)),
      (tunnel) => Effect.sync(() => closeGently(tunnel)),
    )
    tunnel.send(
      announce({ connection_id: about.connectionId, remote_address: about.remoteAddress, grant: about.grant }),
    )
    return tunnel
  })

  return {
    open,
    connect: (node: NodeName, about: ConnectionInfo) =>
      Effect.map(open(node, about), (tunnel) => new WebSocketDuplex(tunnel)),
    online: Effect.sync(() => registry.online),
    hold: (locks: ReadonlyArray<Lock>) => Effect.sync(() => registry.hold(locks)),
    knowHubs: (hubs: ClusterHubs) => Effect.sync(() => registry.knowHubs(hubs)),
    end: (target: EndTarget, reason: string, node?: NodeName) => Effect.sync(() => registry.end(target, reason, node)),
    stopping: (endsIn: Duration.Duration) =>
      Effect.sync(() => registry.tell({ type: "stopping", ends_in_ms: Duration.toMillis(endsIn) })),
    shutOut: (name: NodeName, reason: string) =>
      Effect.sync(() => registry.shutOut((node) => node.name === name, closeCode.shutOut, reason)),
    remove: (id: NodeId) =>
      Effect.sync(() =>
        registry.shutOut((node) => node.id === id, closeCode.removed, "the node was removed from the cluster"),
      ),
    addControl,
    addTunnel: (node: NodeIdentity, tunnel: WebSocket) => Effect.sync(() => registry.addTunnel(node, tunnel)),
  }
})
