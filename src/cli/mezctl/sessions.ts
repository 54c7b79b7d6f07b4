import { Effect } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { type ListFormat, printList } from "../printList.ts"
import { sessionColumns } from "../sessionColumns.ts"
import { adminHub } from "./AdminHub.ts"

/** Lists everybody's sessions, the newest first. */
export const listSessions = Effect.fn("mezctl.sessions.ls")(function* (active: boolean, format: ListFormat) {
  const client = yield* adminHub
  yield* printList(client.SessionsList({ user: null, node: null, last: null, active }), format, sessionColumns)
}, Effect.scoped)

/** Ends a session that runs; returns when it is over. */
export const terminateSession = Effect.fn("mezctl.sessions.terminate")(function* (
  session_id: SessionId,
  reason: string,
) {
  const client = yield* adminHub
  yield* client.SessionsTerminate({ session_id, reason })
}, Effect.scoped)
