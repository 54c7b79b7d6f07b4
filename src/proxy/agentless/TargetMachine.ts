import { Effect, Layer, Option, type Scope } from "effect"
import type { Login, SessionId, UserName } from "../../domain/Identifiers.ts"
import { FileTransfer } from "../../node/files/FileTransfer.ts"
import { ForwardFailed } from "../../node/forwarding/ForwardFailed.ts"
import { Machine, type MachineLogin, MachineRefused } from "../../node/machine/Machine.ts"
import type { CertifiedLogin } from "../../node/session/CertifiedLogin.ts"
import { commandOf } from "../../node/session/commandOf.ts"
import type { ClientChannel } from "../../ssh/ClientChannel.ts"
import { generateEd25519 } from "../../ssh/OpenSshKey.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SessionOptions, SshClient } from "../../ssh/SshClient.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import type { ChannelRefused } from "../../ssh/SshError.ts"
import type { AgentlessNodes } from "./AgentlessNodes.ts"
import { channelTerminal } from "./ChannelTerminal.ts"
import { commandLine, remoteTransfer } from "./remoteTransfer.ts"
import { connectTarget, type Target } from "./TargetConnection.ts"
import type { TargetFailed } from "./TargetFailed.ts"
import { targetLink } from "./TargetLink.ts"
import { targetSockets } from "./targetSockets.ts"

type Certify = AgentlessNodes["Type"]["certify"]
type Open = Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope>

/** A machine that cannot be used all the same may be there. */
const answered = ({ reason }: TargetFailed): boolean => reason === "refused"

/** Logs in at the target for one client's connection, with a key that is made for it and a certificate for that login alone. */
const logIn =
  (target: Target, certify: Certify, { identity }: SshConnection<CertifiedLogin>) =>
  (session: Option.Option<SessionId>) =>
    Effect.gen(function* () {
      const privateKey = generateEd25519()
      // The client's certificate, which the hub has signed, has told both.
      const [user, login] = [identity.user as UserName, identity.login as Login]
      const { portForwarding } = identity.access
      const certificate = yield* certify({ user, login, session, publicKey: privateKey, portForwarding })
      return yield* connectTarget(target, { login, privateKey, certificate })
    })

const start = (ssh: SshClient, { kind, env, pty }: SessionRequest): Open => {
  const options: SessionOptions = Option.match(pty, { onNone: () => ({ env }), onSome: (pty) => ({ env, pty }) })
  return kind._tag === "Shell" ? ssh.shell(options) : ssh.exec(commandOf({ kind }), options)
}

const startTransfer = (ssh: SshClient): ((transfer: FileTransfer) => Open) =>
  FileTransfer.$match({
    Sftp: () => ssh.subsystem("sftp"),
    Scp: ({ program, arguments: words }) => ssh.exec(commandLine(program, words)),
    Rsync: ({ program, arguments: words }) => ssh.exec(commandLine(program, words)),
  })

const loginOf = (ssh: SshClient, node: string): MachineLogin => ({
  transferIn: remoteTransfer,
  noSftp: "sftp takes no terminal",
  program: (_info, request) =>
    Effect.succeed({
      terminal: channelTerminal({ open: start(ssh, request), hasPty: Option.isSome(request.pty), node }),
      observation: Option.none(),
    }),
  transfer: (transfer) => channelTerminal({ open: startTransfer(ssh)(transfer), hasPty: false, node }),
})

export interface TargetMachineOptions {
  readonly target: Target
  readonly certify: Certify
  /** Told at each attempt to log in whether the machine answered as it should. */
  readonly onAnswer: (answered: boolean) => Effect.Effect<void>
}

/** A machine without an agent, which is reached by SSH. */
export const layerTargetMachine = ({ target, certify, onAnswer }: TargetMachineOptions): Layer.Layer<Machine> =>
  Layer.succeed(Machine, {
    observes: Effect.succeed(false),
    connect: Effect.fnUntraced(function* (connection: SshConnection<CertifiedLogin>) {
      const dial = logIn(target, certify, connection)
      const linked = yield* targetLink((session: Option.Option<SessionId>) =>
        Effect.tapBoth(dial(session), {
          onSuccess: () => onAnswer(true),
          onFailure: (failed) => onAnswer(answered(failed)),
        }),
      )
      return {
        login: (session: SessionId) =>
          Effect.mapBoth(linked(Option.some(session)), {
            onFailure: ({ message }) => new MachineRefused({ message }),
            onSuccess: (ssh) => loginOf(ssh, target.name),
          }),
        sockets: Effect.mapBoth(linked(Option.none()), {
          onFailure: ({ message }) => new ForwardFailed({ message }),
          onSuccess: targetSockets,
        }),
      }
    }),
  })
