import type { Session } from "../api/ClusterRpcs.ts"
import type { Columns } from "./printList.ts"

/** RFC 3339 without fractions of a second. */
const wholeSeconds = (time: string): string => time.replace(/\.\d+(?=Z$|[+-]\d\d:\d\d$)/, "")

/** The columns of the product page. */
export const sessionColumns: Columns<Session> = {
  header: ["SESSION ID", "USER", "NODE", "LOGIN", "STARTED", "ENDED"],
  row: (session) => [
    session.session_id,
    session.user,
    session.node,
    session.login,
    wholeSeconds(session.started_at),
    session.ended_at && wholeSeconds(session.ended_at),
  ],
}
