import type { Duplex } from "node:stream"
import type { Effect, Scope } from "effect"
import type { Client } from "ssh2"
import type { ClientChannel } from "../ClientChannel.ts"
import type { PtyRequest } from "../SessionRequest.ts"
import type { SessionOptions, SshClient } from "../SshClient.ts"
import type { ChannelRefused } from "../SshError.ts"
import { clientChannel } from "./ClientChannel.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { EchoTrial } from "./EchoTrial.ts"
import { type Opened, openChannel } from "./openChannel.ts"
import { endHalves } from "./ssh2/endings.ts"
import type { Ssh2Client } from "./ssh2/Ssh2Shape.ts"

const terminal = ({ term, size, modes }: PtyRequest) => ({
  term,
  modes: { ...modes },
  cols: size.cols,
  rows: size.rows,
  width: size.widthPx,
  height: size.heightPx,
})

const environment = ({ env }: SessionOptions) => (env === undefined ? {} : { env: { ...env } })

/** Opens channels on ssh2's client; each is closed with its scope. */
export const clientSessions = (
  client: Client,
  inside: Ssh2Client,
  link: ConnectionLink,
): Omit<SshClient, "closed" | "listen"> => {
  const echo = new EchoTrial(inside, link)
  const session = (request: (opened: Opened) => void): Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope> =>
    openChannel(link, "client", request, (channel) => clientChannel(channel, echo))
  return {
    shell: (options = {}) =>
      session((opened) => {
        client.shell(options.pty === undefined ? false : terminal(options.pty), environment(options), opened)
      }),
    exec: (command, options = {}) =>
      session((opened) => {
        const pty = options.pty === undefined ? {} : { pty: terminal(options.pty) }
        client.exec(command, { ...environment(options), ...pty }, opened)
      }),
    subsystem: (name) =>
      session((opened) => {
        client.subsys(name, opened)
      }),
    directStreamlocal: (path) =>
      openChannel<Duplex>(
        link,
        "client",
        (opened) => {
          client.openssh_forwardOutStreamLocal(path, opened)
        },
        endHalves,
      ),
    directTcpip: ({ host, port, originAddress, originPort }) =>
      openChannel<Duplex>(
        link,
        "client",
        (opened) => {
          client.forwardOut(originAddress, originPort, host, port, opened)
        },
        endHalves,
      ),
  }
}
