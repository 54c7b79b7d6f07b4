import { Effect, Layer, Option } from "effect"
import { ForwardFailed } from "../node/forwarding/ForwardFailed.ts"
import { Machine, type MachineLogin, MachineRefused } from "../node/machine/Machine.ts"
import type { CertifiedLogin } from "../node/session/CertifiedLogin.ts"
import type { SshConnection } from "../ssh/SshConnection.ts"
import { EnhancedRecording } from "./enhanced/EnhancedRecording.ts"
import { localTransfer, noSftp } from "./files/localTransfer.ts"
import { startTransfer } from "./files/startTransfer.ts"
import { forwardedAgent } from "./forwarding/forwardedAgent.ts"
import { loginSockets } from "./forwarding/LoginSockets.ts"
import { LoginUser } from "./terminal/LoginUser.ts"
import { openTerminal } from "./terminal/openTerminal.ts"
import { parseEndpoint } from "./terminal/remoteEndpoint.ts"

type Connection = SshConnection<CertifiedLogin>

const refused = Effect.mapError(({ message }: { readonly message: string }) => new MachineRefused({ message }))

/** An account of this machine, for one client's connection. What is recognised as a transfer is run without a shell. */
const loginOf = (user: LoginUser, connection: Connection, enhanced: EnhancedRecording["Type"]): MachineLogin => ({
  transferIn: (request) => localTransfer(request, user),
  noSftp: noSftp(user),
  program: Effect.fnUntraced(function* (info, request) {
    const watched = info.enhanced ? Option.some(yield* refused(enhanced.watch(info))) : Option.none()
    const gate = Option.map(watched, ({ gate }) => gate)
    const client = parseEndpoint(info.remoteAddress)
    const terminal = Effect.flatMap(forwardedAgent(connection, request, user), (agentSocket) =>
      openTerminal(request, { user, sessionId: info.sessionId, client, agentSocket, gate }),
    )
    return { terminal, observation: Option.map(watched, ({ observation }) => observation) }
  }),
  transfer: (transfer) => startTransfer(user, transfer),
})

/** The machine that this agent runs on. */
export const layerLocalMachine: Layer.Layer<Machine, never, EnhancedRecording> = Layer.effect(
  Machine,
  Effect.gen(function* () {
    const enhanced = yield* EnhancedRecording
    return {
      observes: enhanced.isOn,
      connect: Effect.fnUntraced(function* (connection: Connection) {
        const user = LoginUser.find(connection.identity.login)
        // Looked up when they are first needed.
        const sockets = yield* user.pipe(
          Effect.mapError(({ message }) => new ForwardFailed({ message })),
          Effect.flatMap(loginSockets),
          Effect.cachedWithTTL("1 minute"),
        )
        const login = Effect.map(refused(user), (found) => loginOf(found, connection, enhanced))
        return { login: () => login, sockets }
      }),
    }
  }),
)
