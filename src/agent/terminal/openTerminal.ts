import { type Effect, Option, type Scope } from "effect"
import { commandOf } from "../../node/session/commandOf.ts"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { Gate } from "./internal/launch.ts"
import { LoginTerminal } from "./LoginTerminal.ts"
import type { LoginUser } from "./LoginUser.ts"
import type { Endpoint } from "./remoteEndpoint.ts"

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
