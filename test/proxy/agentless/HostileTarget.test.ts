import type { Duplex } from "node:stream"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import ssh2, { type Connection, type ServerChannel } from "ssh2"
import { channelTerminal } from "../../../src/proxy/agentless/ChannelTerminal.ts"
import { connectTarget } from "../../../src/proxy/agentless/TargetConnection.ts"
import { targetSockets } from "../../../src/proxy/agentless/targetSockets.ts"
import { type Ssh2Protocol, ssh2Connection } from "../../../src/ssh/internal/ssh2/Ssh2Shape.ts"
import { publicKeyBlob } from "../../../src/ssh/OpenSshKey.ts"
import { writeOpenSshPrivateKey } from "../../../src/ssh/OpenSshPrivateKey.ts"
import { hostKey, listen, userCertificate, userKey } from "../../ssh/support/workspace.ts"

/** What Mezite itself never sends by ssh2's own calls. */
interface HostileProtocol extends Ssh2Protocol {
  readonly channelWindowAdjust: (id: number, bytes: number) => void
  readonly channelEOF: (id: number) => void
  readonly exitStatus: (id: number, code: number) => void
}

interface Hostility {
  /** Called once a client has logged in. */
  readonly onReady?: (connection: Connection, protocol: HostileProtocol) => void
  /** Called with the channel of each command. */
  readonly onExec?: (channel: ServerChannel, protocol: HostileProtocol) => void
  readonly options?: Partial<ssh2.ServerConfig>
}

/** A machine's SSH server, which lets anybody in and does whatever the test makes it do. */
const hostileServer =
  ({ onReady, onExec, options }: Hostility) =>
  (socket: Duplex): void => {
    const server = new ssh2.Server({ hostKeys: [writeOpenSshPrivateKey(hostKey)], ...options }, (connection) => {
      const protocol = ssh2Connection(connection as never)._protocol as HostileProtocol
      connection.on("error", () => undefined)
      connection.on("authentication", (attempt) => attempt.accept())
      connection.on("ready", () => onReady?.(connection, protocol))
      connection.on("session", (accept) => {
        const session = accept()
        session.on("pty", (accepted) => accepted())
        session.on("exec", (accepted) => onExec?.(accepted(), protocol))
      })
    })
    server.injectSocket(socket as never)
  }

const target = Effect.fnUntraced(function* (hostility: Hostility) {
  const port = yield* listen(hostileServer(hostility))
  return yield* connectTarget(
    { name: "db-1", address: { host: "127.0.0.1", port }, hostKey: publicKeyBlob(hostKey) },
    { login: "root", privateKey: userKey, certificate: userCertificate() },
    { connect: "2 seconds", login: "2 seconds" },
  )
})

const size = { cols: 80, rows: 24, widthPx: 0, heightPx: 0 }

describe("a machine without an agent that is hostile", () => {
  it.scopedLive("does not stop a terminal by what it sends beside its output", () =>
    Effect.gen(function* () {
      const flood = Buffer.alloc(4_000_000, "e")
      const ssh = yield* target({
        onExec: (channel) => {
          channel.stderr.write(flood, () => {
            channel.write("done")
            channel.exit(0)
            channel.end()
          })
        },
      })
      const open = ssh.exec("x", { pty: { term: "xterm", size, modes: {} } })
      const terminal = yield* channelTerminal({ open, hasPty: true, node: "db-1" })
      const all = yield* Stream.runFold(terminal.output, { bytes: 0, end: "" }, ({ bytes }, piece) => ({
        bytes: bytes + piece.bytes.length,
        end: Buffer.from(piece.bytes).toString("latin1").slice(-4),
      }))
      expect(all.bytes).toBe(flood.length + 4)
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 0 })
    }),
  )

  it.scopedLive("writes no control characters into the lines that its users and the audit log get", () =>
    Effect.gen(function* () {
      const ssh = yield* target({
        onReady: (_connection, protocol) => {
          protocol._handlers.CHANNEL_OPEN = (_, info: { readonly sender: number }) =>
            protocol.channelOpenFail(info.sender, 2, "\x1b]0;owned\x07\nmezite: all is well")
        },
      })
      const open = ssh.exec("x")
      const terminal = yield* Effect.flip(channelTerminal({ open, hasPty: false, node: "db-1" }))
      const socket = yield* Effect.flip(targetSockets(ssh).connect("127.0.0.1", 1))
      for (const { message } of [terminal, socket]) {
        expect(message).toContain("\\x1b]0;owned\\x07\\x0amezite: all is well")
        expect(message).not.toMatch(/\p{Cc}/u)
      }
    }),
  )

  it.scopedLive("opens no channel to the hub, and does no harm with messages out of turn", () =>
    Effect.gen(function* () {
      const refused: Array<string> = []
      const ssh = yield* target({
        onReady: (connection) => {
          const note = (what: string) => (error: Error | undefined) => void (error && refused.push(what))
          connection.forwardOut("127.0.0.1", 22, "127.0.0.1", 1, note("forwarded-tcpip"))
          connection.x11("127.0.0.1", 1, note("x11"))
          connection.openssh_forwardOutStreamLocal("/run/x", note("streamlocal"))
        },
        onExec: (channel, protocol) => {
          channel.write("before")
          channel.exit(0)
          const { outgoing } = channel as unknown as { readonly outgoing: { readonly id: number } }
          protocol.channelWindowAdjust(outgoing.id, 0xffff_ffff)
          protocol.channelWindowAdjust(outgoing.id, 0xffff_ffff)
          channel.exit("SEGV\x1b[2J" as never, true, "\x1b[2J")
          channel.end()
          for (const id of [0, 77, 0xffff_fffe]) {
            protocol.channelEOF(id)
            protocol.channelClose(id)
            protocol.channelData(id, Buffer.from("late"))
            protocol.exitStatus(id, 9)
          }
        },
      })
      const terminal = yield* channelTerminal({ open: ssh.exec("x"), hasPty: false, node: "db-1" })
      const shown = yield* Stream.runFold(terminal.output, "", (all, { bytes }) => all + Buffer.from(bytes).toString())
      expect(shown).toBe("before")
      expect(Exit.isSuccess(yield* Effect.exit(terminal.exit))).toBe(true)
      expect(refused.sort()).toEqual(["forwarded-tcpip", "streamlocal", "x11"])
    }),
  )

  it.scopedLive("is left where it lets a login in and then starts nothing, or sends a banner without end", () =>
    Effect.gen(function* () {
      const silent = yield* target({
        onReady: (_connection, protocol) => {
          protocol._handlers.CHANNEL_OPEN = () => undefined
        },
      })
      const { message } = yield* Effect.flip(
        channelTerminal({ open: silent.exec("x"), hasPty: false, node: "db-1", startLimit: "200 millis" }),
      )
      expect(message).toBe("db-1 did not start it within 200ms")
      yield* target({ options: { banner: "\x1b[2J".repeat(5_000) } })
    }),
  )
})
