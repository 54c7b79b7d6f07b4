import type { IncomingMessage } from "node:http"
import { Effect, Redacted } from "effect"
import type { WebSocket } from "ws"
import { type BearerToken, maxTokenLength } from "../api/BearerToken.ts"
import { HttpRefusal } from "./HttpRefusal.ts"

/** A client asks for a WebSocket. Until it is accepted it can be refused with an HTTP status. */
export interface Upgrade {
  readonly url: URL
  /** `ADDRESS:PORT` of the client. */
  readonly remoteAddress: string
  readonly request: IncomingMessage
  /** Opens the WebSocket, which comes paused. Never returns where the client is gone: its fiber is interrupted then. */
  readonly accept: (options: { readonly maxPayload: number }) => Effect.Effect<WebSocket>
}

/** Serves one path's upgrades, in a fiber of its own. */
export type UpgradeHandler = (upgrade: Upgrade) => Effect.Effect<void, HttpRefusal>

/** The request's bearer token. */
export const bearerOf = ({ request }: Upgrade): Effect.Effect<BearerToken, HttpRefusal> => {
  const match = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(request.headers.authorization ?? "")
  const token = match?.[1]
  return token === undefined || token.length > maxTokenLength
    ? Effect.fail(new HttpRefusal({ status: 401, message: "a bearer token is needed here; log in with: msh login" }))
    : Effect.succeed(Redacted.make(token))
}
