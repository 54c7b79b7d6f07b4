import { Effect, Option, type Scope } from "effect"
import type { Terminal } from "../../session/Terminal.ts"
import { TerminalError } from "../../session/TerminalError.ts"
import { SessionKind, type SessionRequest } from "../../ssh/SessionRequest.ts"
import { loginEnvironment } from "../terminal/LoginEnvironment.ts"
import { LoginUser } from "../terminal/LoginUser.ts"
import { Pipes } from "../terminal/Pipes.ts"
import { Pty } from "../terminal/Pty.ts"
import { readSystemEnvironment } from "../terminal/SystemEnvironment.ts"
import type { Endpoint } from "./remoteEndpoint.ts"

/** The command of a request; empty for the login shell. */
export const commandOf = (request: SessionRequest): string =>
  SessionKind.$match(request.kind, { Shell: () => "", Exec: ({ command }) => command, Subsystem: ({ name }) => name })

/** An agent behind a tunnel has no port of its own; a client is told SSH's. */
const server: Endpoint = { host: "127.0.0.1", port: 22 }

/** Starts what a client asked for, as that login: on a PTY where the client wants one, else on pipes. */
export const openTerminal = (
  request: SessionRequest,
  login: string,
  client: Endpoint,
): Effect.Effect<Terminal, TerminalError, Scope.Scope> =>
  Effect.gen(function* () {
    const user = yield* LoginUser.find(login)
    const environment = loginEnvironment({
      user,
      system: yield* readSystemEnvironment,
      client: request.env,
      connection: { client, server },
      ...(process.env.TZ === undefined ? {} : { timeZone: process.env.TZ }),
    })
    const program = {
      user,
      environment,
      command: Option.liftPredicate(commandOf(request), (command) => command !== ""),
    }
    return yield* Option.match(request.pty, {
      onNone: () => Pipes.open(program),
      onSome: (pty) => Pty.open({ ...program, size: pty.size, term: pty.term }),
    })
  }).pipe(Effect.catchTag("LoginUserError", ({ message }) => new TerminalError({ message })))
