import { SessionKind, type SessionRequest } from "../../ssh/SessionRequest.ts"

/** The command of a request; empty for the login shell. */
export const commandOf = (request: Pick<SessionRequest, "kind">): string =>
  SessionKind.$match(request.kind, { Shell: () => "", Exec: ({ command }) => command, Subsystem: ({ name }) => name })
