import { Effect, Redacted } from "effect"
import { printLine } from "../Output.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** Makes a token with which nodes may join; it goes to standard output alone. */
export const addToken = Effect.fn("mezctl.tokens.add")(function* (type: "node", ttl: string) {
  const client = yield* hubOnThisHost
  const { token } = yield* client.TokensAdd({ type, ttl })
  yield* printLine(Redacted.value(token))
}, Effect.scoped)
