import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http"
import { createServer as createNetServer, type Server, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { createServer as createTlsServer } from "node:tls"
import { Effect, Option, Redacted, type Scope } from "effect"
import { answerPlainHttp } from "./internal/AnswerPlainHttp.ts"
import { makeHttpServer } from "./internal/HttpServer.ts"
import { listening } from "./internal/Listening.ts"
import { openConnections } from "./internal/OpenConnections.ts"
import { sniffHttp2 } from "./internal/SniffHttp2.ts"
import { StrangeSockets } from "./internal/StrangeSockets.ts"
import { makeUpgradeRouter } from "./internal/UpgradeRouter.ts"
import type { ListenAddress } from "./ListenAddress.ts"
import type { ListenError } from "./ListenError.ts"
import type { TlsIdentity } from "./TlsIdentity.ts"
import type { UpgradeHandler } from "./Upgrade.ts"

/** What strangers may cost. */
export interface ListenerLimits {
  /** For the TLS handshake, the first bytes and an HTTP/1.1 request's header, each. */
  readonly headersTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly maxConnections: number
  /** Connections from one address, of which it is not known whose they are; of a load balancer's address there may be as many as come. */
  readonly maxStrangersOfOne: number
}

export const defaultListenerLimits: ListenerLimits = {
  headersTimeoutMs: 10_000,
  maxHeaderBytes: 32 * 1024,
  maxConnections: 20_000,
  maxStrangersOfOne: 2_000,
}

/** Whoever takes HTTP/2 connections ends those of strangers by then. */
const http2StrangerMs = 20_000

export interface ListenerOptions {
  readonly address: ListenAddress
  /** None where a load balancer ends TLS, whose X-Forwarded-For is believed then. */
  readonly tls: Option.Option<TlsIdentity>
  /** HTTP/1.1 requests. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
  /** WebSockets, by path. */
  readonly upgrades: Readonly<Record<string, UpgradeHandler>>
  /** HTTP/2 connections, whose preface is not read yet: `injector.injectConnection` of grpc-js. */
  readonly onHttp2: (socket: Duplex) => void
  readonly limits?: ListenerLimits
}

/** A peer that is gone is noticed also where nothing is sent to it. */
const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }

const tlsServer = (identity: TlsIdentity, limits: ListenerLimits, dispatch: Dispatch): Server => {
  const server = createTlsServer({
    ...tcp,
    cert: identity.certificate,
    key: Redacted.value(identity.privateKey),
    ALPNProtocols: ["h2", "http/1.1"],
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.headersTimeoutMs,
  })
  server.on("tlsClientError", answerPlainHttp)
  server.on("secureConnection", (socket) => {
    socket.on("error", () => socket.destroy())
    dispatch(socket.alpnProtocol === "h2" ? "h2" : "http/1.1", socket)
  })
  return server
}

const plainServer = (limits: ListenerLimits, dispatch: Dispatch): Server => {
  const server = createNetServer(tcp)
  server.on("connection", (socket) => {
    socket.on("error", () => socket.destroy())
    sniffHttp2(socket, limits.headersTimeoutMs, (protocol) => dispatch(protocol, socket))
  })
  return server
}

type Dispatch = (protocol: "h2" | "http/1.1", socket: Socket) => void

/** An HTTP/1.1 server for the scope's life. */
const httpServer = (limits: ListenerLimits): Effect.Effect<HttpServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => makeHttpServer(limits)),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeIdleConnections()
      }),
  )

/**
 * The hub's one port for everything but SSH: HTTP/1.1 and HTTP/2, told apart by ALPN or, without TLS, by the first bytes.
 * Slow, oversized or meaningless clients are cut off; nothing that a client does harms another. With the scope it
 * stops listening, ends the handlers and then cuts what connections are left. Gives the address with its real port.
 */
export const listen = Effect.fn("Listener.listen")(function* (
  options: ListenerOptions,
): Effect.fn.Return<ListenAddress, ListenError, Scope.Scope> {
  const limits = options.limits ?? defaultListenerLimits
  const strangers = new StrangeSockets({
    most: limits.maxConnections,
    mostOfOne: Option.isSome(options.tls) ? limits.maxStrangersOfOne : limits.maxConnections,
  })
  const dispatch: Dispatch = (protocol, socket) => {
    if (protocol === "h2") {
      setTimeout(() => strangers.known(socket), http2StrangerMs).unref()
      return options.onHttp2(socket)
    }
    http.emit("connection", socket)
    // It was paused where its first bytes were read to tell the protocol.
    socket.resume()
  }
  const server = Option.match(options.tls, {
    onNone: () => plainServer(limits, dispatch),
    onSome: (identity) => tlsServer(identity, limits, dispatch),
  })
  server.maxConnections = limits.maxConnections
  yield* openConnections(server)
  strangers.watch(server)
  const http = yield* httpServer(limits)
  http.on("request", options.onRequest)
  const onAccept = (socket: Duplex) => strangers.known(socket)
  const trustForwarded = Option.isNone(options.tls)
  http.on("upgrade", yield* makeUpgradeRouter({ routes: options.upgrades, trustForwarded, onAccept }))
  return yield* listening(server, options.address)
})
