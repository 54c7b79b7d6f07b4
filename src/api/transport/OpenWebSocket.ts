import type { IncomingMessage } from "node:http"
import { Duration, Effect, Option, Redacted, Schema, type Scope } from "effect"
import { WebSocket } from "ws"
import { plainReason } from "../../domain/plainReason.ts"
import type { BearerToken } from "../BearerToken.ts"
import { type HubAddress, hubAuthority } from "../HubAddress.ts"
import { HubNotTrusted } from "../HubNotTrusted.ts"
import { HubRefused } from "../HubRefused.ts"
import { type HubTrust, tlsOptions } from "../HubTrust.ts"
import { HubUnreachable } from "../HubUnreachable.ts"
import { closeGently } from "./CloseGently.ts"

export type OpenError = HubUnreachable | HubNotTrusted | HubRefused

export interface OpenOptions {
  readonly hub: HubAddress
  readonly trust: HubTrust
  /** Path and query. */
  readonly path: string
  readonly token: Option.Option<BearerToken>
  /** The longest message that is taken, in bytes; a longer one ends the connection. */
  readonly maxPayload: number
  /** Default 10 s. */
  readonly timeout?: Duration.Duration
}

const maxBody = 4_096
const Body = Schema.parseJson(Schema.Struct({ message: Schema.String }))

const refusal = ({ statusCode = 0 }: IncomingMessage, body: string): HubRefused =>
  Schema.decodeUnknownOption(Body)(body).pipe(
    Option.match({
      onNone: () =>
        new HubRefused({
          status: statusCode,
          byHub: false,
          message: `what answers at the hub's address gave HTTP status ${statusCode}: is it the hub?`,
        }),
      onSome: ({ message }) => new HubRefused({ status: statusCode, byHub: true, message }),
    }),
  )

const readRefusal = (response: IncomingMessage, done: (refused: HubRefused) => void): void => {
  let body = ""
  response.setEncoding("utf8")
  response.on("data", (part: string) => {
    body += part
    if (body.length > maxBody) response.destroy()
  })
  response.once("close", () => done(refusal(response, body)))
  response.on("error", () => done(refusal(response, body)))
}

const notTrusted = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|INVALID_|HOSTNAME_)|the hub's key is/

const networkError = (authority: string, error: Error): HubUnreachable | HubNotTrusted => {
  const code = "code" in error ? String(error.code) : error.message
  return notTrusted.test(code)
    ? new HubNotTrusted({
        message: `the certificate of the hub at ${authority} is not trusted: ${error.message}; give the pin that the hub printed at its start (ca_pin=sha256:…)`,
      })
    : new HubUnreachable({ message: `cannot reach the hub at ${authority}: ${plainReason(error)}` })
}

const dial = ({ hub, trust, path, token, maxPayload }: OpenOptions): WebSocket =>
  new WebSocket(`${hub.tls ? "wss" : "ws"}://${hubAuthority(hub)}${path}`, {
    ...(hub.tls ? tlsOptions(trust) : {}),
    headers: Option.match(token, {
      onNone: () => ({}),
      onSome: (text) => ({ authorization: `Bearer ${Redacted.value(text)}` }),
    }),
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload,
    // Masks defend naive proxies against scripts in browsers (RFC 6455, 10.3); here there is no script, and TLS around it.
    generateMask: (mask) => mask.fill(0),
  })

const opened = (options: OpenOptions): Effect.Effect<WebSocket, OpenError> =>
  Effect.async((resume) => {
    const authority = hubAuthority(options.hub)
    const socket = dial(options)
    socket.on("error", (error) => resume(Effect.fail(networkError(authority, error))))
    socket.once("unexpected-response", (_request, response) =>
      readRefusal(response, (refused) => {
        resume(Effect.fail(refused))
        socket.terminate()
      }),
    )
    // Notices a peer that is gone on a connection whose bytes nobody waits for.
    socket.once("upgrade", (response) => response.socket.setKeepAlive(true, 30_000))
    socket.once("open", () => {
      // What arrives before its reader listens must wait.
      socket.pause()
      resume(Effect.succeed(socket))
    })
    return Effect.sync(() => socket.terminate())
  })

/**
 * Opens a WebSocket to the hub; closed with the scope. It comes paused: attach listeners, then `resume()`. Errors after
 * it has opened show as its `close`.
 */
export const openWebSocket = (options: OpenOptions): Effect.Effect<WebSocket, OpenError, Scope.Scope> => {
  const limit = options.timeout ?? Duration.seconds(10)
  return Effect.acquireRelease(
    opened(options).pipe(
      Effect.timeoutFail({
        duration: limit,
        onTimeout: () =>
          new HubUnreachable({
            message: `the hub at ${hubAuthority(options.hub)} did not answer within ${Duration.format(limit)}`,
          }),
      }),
      Effect.interruptible,
    ),
    (socket) => Effect.sync(() => closeGently(socket)),
  )
}
