import { Effect, Option, type Scope } from "effect"
import type { WindowSize } from "../../domain/WindowSize.ts"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import type { Gate } from "./internal/launch.ts"
import { sessionMark } from "./internal/sessionMark.ts"
import { type LoginEnvironmentInput, loginEnvironment } from "./LoginEnvironment.ts"
import type { LoginUser } from "./LoginUser.ts"
import { Pipes } from "./Pipes.ts"
import { Pty } from "./Pty.ts"
import { readSystemEnvironment } from "./SystemEnvironment.ts"

/** A client's "pty-req" (RFC 4254, 6.2). */
export interface TerminalRequest {
  readonly term: string
  readonly size: WindowSize
  /** By the modes' names in RFC 4254, section 8. */
  readonly modes: Readonly<Record<string, number>>
}

/** What a client asked for before its "shell" or "exec" request, and that request. */
export interface LoginRequest {
  readonly user: LoginUser
  /** The client's "env" requests. */
  readonly client: Readonly<Record<string, string>>
  /** The session's id, which its processes find in `MEZITE_SESSION_ID`. */
  readonly sessionId: string
  readonly connection?: NonNullable<LoginEnvironmentInput["connection"]>
  /** The socket of the client's authentication agent, if it is forwarded. */
  readonly agentSocket: Option.Option<string>
  /** None for a client that wants no PTY. */
  readonly terminal: Option.Option<TerminalRequest>
  /** None for "shell", the command of "exec". */
  readonly command: Option.Option<string>
  /** What is to be done with its first process before that begins. */
  readonly gate: Option.Option<Gate>
}

const timeZone = (): { timeZone?: string } => (process.env.TZ === undefined ? {} : { timeZone: process.env.TZ })

/** Starts what an SSH client asked for, on a PTY or on pipes, in the environment that this machine gives its sessions. */
const open = Effect.fn("LoginTerminal.open")(function* (
  request: LoginRequest,
): Effect.fn.Return<Terminal, TerminalError, Scope.Scope> {
  const { user, client, sessionId, connection, command, gate } = request
  const environment = loginEnvironment({
    user,
    system: yield* readSystemEnvironment,
    client,
    ...timeZone(),
    ...(connection === undefined ? {} : { connection }),
    ...Option.match(request.agentSocket, { onNone: () => ({}), onSome: (agentSocket) => ({ agentSocket }) }),
  })
  const program = {
    user,
    environment: { ...environment, MEZITE_SESSION_ID: sessionId },
    command,
    gate,
    mark: sessionMark(sessionId),
  }
  return yield* Option.match(request.terminal, {
    onNone: () => Pipes.open(program),
    onSome: (terminal) => Pty.open({ ...program, ...terminal }),
  })
})

/** @see open */
export const LoginTerminal = { open }
