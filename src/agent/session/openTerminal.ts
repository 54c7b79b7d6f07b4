import { type Effect, Option, type Scope } from "effect"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import { SessionKind, type SessionRequest } from "../../ssh/SessionRequest.ts"
import type { Gate } from "../terminal/internal/launch.ts"
import { LoginTerminal } from "../terminal/LoginTerminal.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import type { Endpoint } from "./remoteEndpoint.ts"

/** The command of a request; empty for the login shell. */
export const commandOf = (request: SessionRequest): string =>
  SessionKind.$match(request.kind, { Shell: () => "", Exec: ({ command }) => command, Subsystem: ({ name }) => name })

/** An agent behind a tunnel has no port of its own; its sessions are told SSH's. */
const server: Endpoint = { host: "127.0.0.1", port: 22 }

/** For whom a terminal is opened. */
export interface TerminalOwner {
  readonly user: LoginUser
  readonly sessionId: string
  readonly client: Endpoint
  /** The socket of the client's authentication agent, if it is forwarded. */
  readonly agentSocket: Option.Option<string>
  /** What is to be done with its first process before that begins. */
  readonly gate: Option.Option<Gate>
}

/** Starts what a client asked for, as that user: on a PTY where the client wants one, else on pipes. */
export const openTerminal = (
  request: SessionRequest,
  { user, sessionId, client, agentSocket, gate }: TerminalOwner,
): Effect.Effect<Terminal, TerminalError, Scope.Scope> =>
  LoginTerminal.open({
    user,
    sessionId,
    client: request.env,
    connection: { client, server },
    terminal: request.pty,
    agentSocket,
    command: Option.liftPredicate(commandOf(request), (command) => command !== ""),
    gate,
  })
