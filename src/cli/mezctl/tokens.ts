import { Effect, Redacted } from "effect"
import { printLine } from "../Output.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** Makes a token with which as many nodes as `uses` may join; it goes to standard output alone. */
export const addToken = Effect.fn("mezctl.tokens.add")(function* (type: "node", ttl: string, uses: number) {
  const client = yield* hubOnThisHost
  const { token } = yield* client.TokensAdd({ type, ttl, uses })
  yield* printLine(Redacted.value(token))
}, Effect.scoped)
