import { Effect } from "effect"
import { type ListFormat, printList } from "../printList.ts"
import { sessionColumns } from "../sessionColumns.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** Lists everybody's sessions, the newest first. */
export const listSessions = Effect.fn("mezctl.sessions.ls")(function* (active: boolean, format: ListFormat) {
  const client = yield* hubOnThisHost
  yield* printList(client.SessionsList({ user: null, node: null, last: null, active }), format, sessionColumns)
}, Effect.scoped)
