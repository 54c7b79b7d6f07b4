import { type IncomingMessage, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { Cause, Duration, Effect, FiberSet, Option } from "effect"
import { WebSocketServer } from "ws"
import { HttpRefusal } from "../HttpRefusal.ts"
import type { Upgrade, UpgradeHandler } from "../Upgrade.ts"
import { remoteAddressOf } from "./RemoteAddress.ts"

/** How long a client may be kept waiting before its WebSocket opens or is refused; dialling a node back takes 10 s. */
const limit = Duration.seconds(20)

const refuse = (socket: Duplex, { status, message }: HttpRefusal): void => {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify({ message })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy())
}

/** A page of another origin may not use what a browser knows (RFC 6455, 10.2); programs send no Origin. */
const isForeign = ({ headers }: IncomingMessage): boolean => {
  if (headers.origin === undefined) return false
  return URL.canParse(headers.origin) ? new URL(headers.origin).host !== headers.host : true
}

const accept =
  (request: IncomingMessage, socket: Duplex, head: Buffer, onOpen: () => void): Upgrade["accept"] =>
  ({ maxPayload }) =>
    Effect.async((resume) => {
      const server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload,
      })
      server.handleUpgrade(request, socket, head, (webSocket) => {
        onOpen()
        webSocket.pause()
        webSocket.on("error", () => {})
        resume(Effect.succeed(webSocket))
      })
    })

const urlOf = (request: IncomingMessage) => {
  const base = "http://hub"
  return URL.canParse(request.url ?? "", base) ? new URL(request.url ?? "", base) : new URL(base)
}

export interface RouterOptions {
  /** Handlers by path. */
  readonly routes: Readonly<Record<string, UpgradeHandler>>
  readonly trustForwarded: boolean
  /** Its handler has taken this connection. */
  readonly onAccept: (socket: Duplex) => void
}

/** Finds the path's handler, and gives up on it where it neither accepts nor refuses in time. */
const handle = (
  routes: RouterOptions["routes"],
  upgrade: Upgrade,
  accepted: () => boolean,
): Effect.Effect<void, HttpRefusal> => {
  const handler = Object.hasOwn(routes, upgrade.url.pathname) ? routes[upgrade.url.pathname] : undefined
  if (handler === undefined) return Effect.fail(new HttpRefusal({ status: 404, message: "there is nothing here" }))
  if (isForeign(upgrade.request)) {
    return Effect.fail(new HttpRefusal({ status: 403, message: "pages of other sites may not connect" }))
  }
  const late = Effect.sleep(limit).pipe(
    Effect.andThen(() =>
      accepted() ? Effect.never : Effect.fail(new HttpRefusal({ status: 503, message: "the hub is too busy" })),
    ),
  )
  return Effect.raceFirst(handler(upgrade), late)
}

/** What becomes of the socket when its handler fails. */
const settle =
  (socket: Duplex) =>
  (cause: Cause.Cause<HttpRefusal>): Effect.Effect<void> => {
    const refusal = Cause.failureOption(cause)
    if (Option.isSome(refusal)) return Effect.sync(() => refuse(socket, refusal.value))
    const cut = Effect.sync(() => void socket.destroy())
    if (Cause.isInterruptedOnly(cause)) return cut
    return Effect.zipRight(Effect.logError("a connection's handler died", cause), cut)
  }

/**
 * Gives each upgrade request to its path's handler, in a fiber that ends with the scope, and with the client's
 * connection. A handler that fails or dies concerns that one request.
 */
export const makeUpgradeRouter = Effect.fn("Listener.makeUpgradeRouter")(function* (options: RouterOptions) {
  const runFork = yield* FiberSet.makeRuntime<never>()
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    let accepted = false
    const upgrade: Upgrade = {
      url: urlOf(request),
      remoteAddress: remoteAddressOf(request, options.trustForwarded),
      request,
      accept: accept(request, socket, head, () => {
        accepted = true
        options.onAccept(socket)
      }),
    }
    const handled = handle(options.routes, upgrade, () => accepted)
    const fiber = runFork(Effect.catchAllCause(handled, settle(socket)))
    socket.on("error", () => socket.destroy())
    socket.once("close", () => {
      if (!accepted) fiber.unsafeInterruptAsFork(fiber.id())
    })
  }
})
