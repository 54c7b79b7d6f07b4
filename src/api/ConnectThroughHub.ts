import type { Duplex } from "node:stream"
import { Duration, Effect, Option, type Scope } from "effect"
import type { BearerToken } from "./BearerToken.ts"
import { ConnectError } from "./ConnectError.ts"
import type { HubAddress } from "./HubAddress.ts"
import type { HubNotTrusted } from "./HubNotTrusted.ts"
import type { HubRefused } from "./HubRefused.ts"
import type { HubTrust } from "./HubTrust.ts"
import type { HubUnreachable } from "./HubUnreachable.ts"
import { keepWarm, userHeartbeat } from "./transport/Heartbeat.ts"
import { openWebSocket } from "./transport/OpenWebSocket.ts"
import { paths } from "./transport/TunnelMessages.ts"
import { maxTunnelMessage, WebSocketDuplex } from "./transport/WebSocketDuplex.ts"

const reasons: Readonly<Record<number, ConnectError["reason"]>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "unknown-node",
  502: "offline",
  504: "timeout",
}

const toConnectError = ({ status, message }: HubRefused) =>
  new ConnectError({ reason: reasons[status] ?? "refused", message })

export interface ConnectOptions {
  readonly hub: HubAddress
  readonly trust: HubTrust
  readonly token: BearerToken
  /** A node's name, or `NAME.CLUSTER`. */
  readonly node: string
}

/**
 * A byte stream to a node's SSH server, through the hub: what plain TCP to its port would give. It is cut with the
 * scope; a stream that breaks off is destroyed with an error.
 */
export const connectThroughHub = Effect.fn("Api.connectThroughHub")(function* ({
  hub,
  trust,
  token,
  node,
}: ConnectOptions): Effect.fn.Return<Duplex, ConnectError | HubUnreachable | HubNotTrusted, Scope.Scope> {
  const socket = yield* openWebSocket({
    hub,
    trust,
    path: `${paths.connect}?node=${encodeURIComponent(node)}`,
    token: Option.some(token),
    maxPayload: maxTunnelMessage,
    // The hub itself waits up to 10 s for the node, and tells then.
    timeout: Duration.seconds(15),
  }).pipe(Effect.catchTag("HubRefused", toConnectError))
  keepWarm(socket, userHeartbeat)
  return new WebSocketDuplex(socket)
})
