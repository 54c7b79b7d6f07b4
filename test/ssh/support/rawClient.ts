import type { Duplex } from "node:stream"
import { Effect, type Scope } from "effect"
import ssh2 from "ssh2"
import { sendPacket } from "ssh2/lib/protocol/utils.js"
import { certificateRequest } from "../../../src/ssh/internal/CertificateRequest.ts"
import { authenticateInstead } from "../../../src/ssh/internal/ssh2/authenticateInstead.ts"
import { ssh2Connection } from "../../../src/ssh/internal/ssh2/Ssh2Shape.ts"
import type { OpenSshCertificate } from "../../../src/ssh/OpenSshCertificate.ts"
import { sshString, sshUint32 } from "../../../src/ssh/SshWire.ts"
import { userKey } from "./workspace.ts"

const globalRequest = 80
const channelOpen = 90
const channelRequest = 98

/** What a server says to one message: yes or no, and what comes with a yes. */
export interface Answer {
  readonly granted: boolean
  readonly data: Buffer
}

/** Sends a server's connection whatever it is told to, and tells what is answered; one message at a time. */
export interface RawClient {
  readonly global: (name: string, body?: Buffer) => Effect.Effect<Answer>
  readonly open: (type: string, body?: Buffer) => Effect.Effect<Answer>
  /** On a new session channel. */
  readonly request: (name: string, body?: Buffer) => Effect.Effect<Answer>
}

/** The messages that answer one (RFC 4254 sections 4 and 5), as ssh2 tells of them. */
const answers = {
  REQUEST_SUCCESS: (data?: Buffer) => ({ granted: true, data: data ?? Buffer.alloc(0) }),
  REQUEST_FAILURE: () => ({ granted: false, data: Buffer.alloc(0) }),
  CHANNEL_OPEN_CONFIRMATION: ({ sender }: { readonly sender: number }) => ({ granted: true, data: sshUint32(sender) }),
  CHANNEL_OPEN_FAILURE: () => ({ granted: false, data: Buffer.alloc(0) }),
  CHANNEL_SUCCESS: () => ({ granted: true, data: Buffer.alloc(0) }),
  CHANNEL_FAILURE: () => ({ granted: false, data: Buffer.alloc(0) }),
}

/** Logs in as `username` with that certificate, of `userKey`. */
export const rawClient = (
  transport: Duplex,
  username: string,
  certificate: OpenSshCertificate,
): Effect.Effect<RawClient, Error, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new ssh2.Client()),
      (client) => Effect.sync(() => client.destroy()),
    )
    yield* Effect.async<void, Error>((resume) => {
      client.on("error", (error) => resume(Effect.fail(error)))
      client.once("ready", () => resume(Effect.void))
      client.connect({ sock: transport as never, username, authHandler: ["none"] })
      authenticateInstead(ssh2Connection(client)._protocol, (sessionId, name) =>
        certificateRequest(sessionId, name, userKey, certificate),
      )
    })
    const protocol = ssh2Connection(client)._protocol
    let heard: (answer: Answer) => void = () => undefined
    for (const [name, of] of Object.entries(answers)) {
      Object.assign(protocol._handlers, {
        [name]: (_: unknown, told: never) => heard(of(told)),
      })
    }
    const ask = (...parts: ReadonlyArray<Buffer>) =>
      Effect.async<Answer>((resume) => {
        heard = (answer) => resume(Effect.succeed(answer))
        const { write } = protocol._packetRW
        const payload = Buffer.concat(parts)
        const start = write.allocStart
        const packet = write.alloc(payload.length)
        packet.set(payload, start)
        sendPacket(protocol, write.finalize(packet))
      })
    const [type, yes, none] = [(code: number) => Buffer.from([code]), Buffer.from([1]), Buffer.alloc(0)]
    const window = Buffer.concat([sshUint32(7), sshUint32(65_536), sshUint32(32_768)])
    const open = (name: string, body: Buffer = none) => ask(type(channelOpen), sshString(name), window, body)
    return {
      global: (name: string, body: Buffer = none) => ask(type(globalRequest), sshString(name), yes, body),
      open,
      request: (name: string, body: Buffer = none) =>
        Effect.flatMap(open("session"), ({ data }) => ask(type(channelRequest), data, sshString(name), yes, body)),
    }
  })
