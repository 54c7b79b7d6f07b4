import { Effect, Redacted, Stream } from "effect"
import type { JoinToken } from "../../api/ClusterRpcs.ts"
import type { JoinTokenId } from "../../domain/Identifiers.ts"
import { printLine } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** Makes a token with which as many nodes as `uses` may join; it goes to standard output alone. */
export const addToken = Effect.fn("mezctl.tokens.add")(function* (type: "node", ttl: string, uses: number) {
  const client = yield* hubOnThisHost
  const { token } = yield* client.TokensAdd({ type, ttl, uses })
  yield* printLine(Redacted.value(token))
}, Effect.scoped)

const columns: Columns<JoinToken> = {
  header: ["ID", "TYPE", "USES LEFT", "EXPIRES", "BY", "CREATED"],
  row: ({ id, type, uses, expires_at, created_by, created_at }) => [
    id,
    type,
    String(uses),
    expires_at,
    created_by,
    created_at,
  ],
}

/** Lists the tokens with which nodes may join now, never what they are. */
export const listTokens = Effect.fn("mezctl.tokens.ls")(function* (format: ListFormat) {
  const client = yield* hubOnThisHost
  yield* printList(Stream.fromIterable(yield* client.TokensList()), format, columns)
}, Effect.scoped)

/** Removes a token: nobody joins with it any more. */
export const removeToken = Effect.fn("mezctl.tokens.rm")(function* (id: JoinTokenId) {
  const client = yield* hubOnThisHost
  yield* client.TokensRemove({ id })
}, Effect.scoped)
