import { Effect, Option } from "effect"
import { hubClient } from "../HubClient.ts"
import { type ListFormat, printList } from "../printList.ts"
import { sessionColumns } from "../sessionColumns.ts"

/** `msh sessions ls`. */
export interface SessionsOptions {
  readonly identity: Option.Option<string>
  readonly user: Option.Option<string>
  readonly node: Option.Option<string>
  readonly last: Option.Option<string>
  readonly active: boolean
  readonly format: ListFormat
}

/** Lists sessions, the newest first. */
export const listSessions = Effect.fn("msh.sessions.ls")(function* (options: SessionsOptions) {
  const client = yield* hubClient(options.identity)
  const sessions = client.SessionsList({
    user: Option.getOrNull(options.user),
    node: Option.getOrNull(options.node),
    last: Option.getOrNull(options.last),
    active: options.active,
  })
  yield* printList(sessions, options.format, sessionColumns)
}, Effect.scoped)
