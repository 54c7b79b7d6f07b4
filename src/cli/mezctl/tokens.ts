import { Effect, Option, Redacted, Stream } from "effect"
import type { JoinToken } from "../../api/ClusterRpcs.ts"
import type { JoinTokenId } from "../../domain/Identifiers.ts"
import { type NodeLabels, showLabels } from "../../domain/NodeLabels.ts"
import { printLine } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { adminHub } from "./AdminHub.ts"

/** Makes a token with which as many nodes as `uses` may join; it goes to standard output alone. */
export const addToken = Effect.fn("mezctl.tokens.add")(function* (wanted: {
  readonly type: "node"
  readonly ttl: string
  readonly uses: number
  readonly labels: Option.Option<NodeLabels>
}) {
  const client = yield* adminHub
  const { token } = yield* client.TokensAdd({ ...wanted, labels: Option.getOrNull(wanted.labels) })
  yield* printLine(Redacted.value(token))
}, Effect.scoped)

const columns: Columns<JoinToken> = {
  header: ["ID", "TYPE", "USES LEFT", "EXPIRES", "BY", "CREATED", "LABELS"],
  row: ({ id, type, uses, expires_at, created_by, created_at, labels }) => [
    id,
    type,
    String(uses),
    expires_at,
    created_by,
    created_at,
    labels && (showLabels(labels) || "none"),
  ],
}

/** Lists the tokens with which nodes may join now, never what they are. */
export const listTokens = Effect.fn("mezctl.tokens.ls")(function* (format: ListFormat) {
  const client = yield* adminHub
  yield* printList(Stream.fromIterable(yield* client.TokensList()), format, columns)
}, Effect.scoped)

/** Removes a token: nobody joins with it any more. */
export const removeToken = Effect.fn("mezctl.tokens.rm")(function* (id: JoinTokenId) {
  const client = yield* adminHub
  yield* client.TokensRemove({ id })
}, Effect.scoped)
