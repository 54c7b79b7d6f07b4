import { Context, type Effect, type Option, Schema, type Scope } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { Observation } from "../../session/Observation.ts"
import type { Terminal } from "../../session/Terminal.ts"
import type { TerminalError } from "../../session/TerminalError.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import type { FileTransfer } from "../files/FileTransfer.ts"
import type { ForwardFailed } from "../forwarding/ForwardFailed.ts"
import type { CertifiedLogin } from "../session/CertifiedLogin.ts"
import type { MachineSockets } from "./MachineSockets.ts"

/** The machine does not let somebody in, or cannot do what is asked; the message is one line for the user and the audit log. */
export class MachineRefused extends Schema.TaggedError<MachineRefused>()("MachineRefused", {
  message: Schema.String,
}) {}

/** A shell or a command, ready to be started. */
export interface MachineProgram {
  /** Starts it; it ends with the scope. */
  readonly terminal: Effect.Effect<Terminal, TerminalError, Scope.Scope>
  /** What else is recorded of it than its terminal. */
  readonly observation: Option.Option<Observation>
}

/** An account of the machine, which lets it in. */
export interface MachineLogin {
  /**
   * The file transfer that a request is, if it is one and nothing else: then that is run, and what it carries is not recorded. What
   * is an ordinary session is not one, however much it looks like it.
   */
  readonly transferIn: (request: SessionRequest) => Option.Option<FileTransfer>
  /** Why there is no sftp, for who asks for it where `transferIn` gives none. */
  readonly noSftp: string
  /** What a request for a shell or a command asks for. */
  readonly program: (
    info: SessionInfo & { readonly sessionId: SessionId },
    request: SessionRequest,
  ) => Effect.Effect<MachineProgram, MachineRefused, Scope.Scope>
  /** Starts the far side of a transfer; it ends with the scope. */
  readonly transfer: (transfer: FileTransfer) => Effect.Effect<Terminal, TerminalError, Scope.Scope>
}

/** The machine, as one client's connection uses it. */
export interface MachineConnection {
  /** Lets the connection's login in; to be asked for each request, in the name of its session. */
  readonly login: (session: SessionId) => Effect.Effect<MachineLogin, MachineRefused>
  /** Forwarded ports, with that login's rights. */
  readonly sockets: Effect.Effect<MachineSockets, ForwardFailed>
}

/** The machine behind a node: the one that an agent runs on, or one that is reached by SSH. All that serving a node knows of it. */
export class Machine extends Context.Tag("mezite/node/Machine")<
  Machine,
  {
    /** For as long as the scope; what the machine holds for the connection goes with it. */
    readonly connect: (
      connection: SshConnection<CertifiedLogin>,
    ) => Effect.Effect<MachineConnection, never, Scope.Scope>
    /** Whether a session that begins now is watched beyond its terminal. */
    readonly observes: Effect.Effect<boolean>
  }
>() {}
