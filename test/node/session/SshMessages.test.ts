import { createServer } from "node:net"
import { userInfo } from "node:os"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, type Scope } from "effect"
import { Identity } from "../../../src/api/Identity.ts"
import type { AccessGrant } from "../../../src/domain/AccessGrant.ts"
import { UserName } from "../../../src/domain/Identifiers.ts"
import { ConnectPolicy, NodeUnknown } from "../../../src/proxy/ConnectPolicy.ts"
import { serveFrontDoor } from "../../../src/proxy/FrontDoor.ts"
import { Tunnels } from "../../../src/proxy/Tunnels.ts"
import { UserAuthenticator, type UserIdentity } from "../../../src/proxy/UserAuthenticator.ts"
import { UserConnections } from "../../../src/proxy/UserConnections.ts"
import { certificateLine } from "../../../src/ssh/OpenSshCertificate.ts"
import { sshString, sshUint32 } from "../../../src/ssh/SshWire.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"
import { echo, onlineAgent } from "../../proxy/TestAgent.ts"
import { nodeName, noGateways, testHub, unreadRefusals } from "../../proxy/TestHub.ts"
import { type RawClient, rawClient } from "../../ssh/support/rawClient.ts"
import { dial, hostCertificate, hostKey, listen, userAuthority, userCertificate } from "../../ssh/support/workspace.ts"
import { fullGrant } from "../../support/accessGrants.ts"
import { inProcessAgent } from "./support/inProcessAgent.ts"

const own = userInfo().username

/** Where there is something to reach from a node. */
interface Targets {
  readonly port: number
  readonly socket: string
}

type Ask = (client: RawClient, targets: Targets) => Effect.Effect<boolean>

const asked =
  (kind: keyof RawClient, name: string, body?: (targets: Targets) => Buffer): Ask =>
  (client, targets) =>
    Effect.map(client[kind](name, body?.(targets)), ({ granted }) => granted)

const text = (...words: ReadonlyArray<string>) => Buffer.concat(words.map((word) => sshString(word)))
const flag = (value: boolean) => Buffer.from([value ? 1 : 0])
const size = Buffer.concat([80, 24, 0, 0].map(sshUint32))
const tcp = (host: string, port: number) =>
  Buffer.concat([text(host), sshUint32(port), text("127.0.0.1"), sshUint32(4022)])
const binding = Buffer.concat([text("127.0.0.1"), sshUint32(0)])

/** Listens, and then no more: to cancel what was never granted is refused too. */
const cancelled: Ask = (client) =>
  Effect.gen(function* () {
    const { granted, data } = yield* client.global("tcpip-forward", binding)
    const port = granted ? data : sshUint32(0)
    return (yield* client.global("cancel-tcpip-forward", Buffer.concat([text("127.0.0.1"), port]))).granted
  })

const node = ["full", "logins"]
const everywhere = [...node, "door"]

/**
 * All that the SSH protocol knows that a client could ask of a server, and who is told yes: at a node with all permissions, at a node with
 * logins alone, at the hub's front door. The names are those that IANA lists (SSH Protocol Parameters: global requests, channel
 * types and requests), those of OpenSSH's PROTOCOL, and one that nobody knows. What comes of those that are answered with words instead
 * (shell, exec, subsystem, the forwarded agent) is in `SshMatrix`.
 */
const table: ReadonlyArray<readonly [string, Ask, ReadonlyArray<string>]> = [
  ["global tcpip-forward", asked("global", "tcpip-forward", () => binding), ["full"]],
  ["global cancel-tcpip-forward", cancelled, ["full"]],
  ...["streamlocal-forward@openssh.com", "cancel-streamlocal-forward@openssh.com"].map(
    (name) => [`global ${name}`, asked("global", name, () => text("/tmp/mezite-never")), []] as const,
  ),
  // Who asks for it narrows the own rights.
  ["global no-more-sessions@openssh.com", asked("global", "no-more-sessions@openssh.com"), everywhere],
  ...["hostkeys-00@openssh.com", "hostkeys-prove-00@openssh.com", "keepalive@openssh.com", "elevation", "x@y"].map(
    (name) => [`global ${name}`, asked("global", name), []] as const,
  ),
  ["open session", asked("open", "session"), everywhere],
  ["open direct-tcpip", asked("open", "direct-tcpip", ({ port }) => tcp("127.0.0.1", port)), ["full"]],
  ["open direct-tcpip to a node", asked("open", "direct-tcpip", () => tcp("web-1", 22)), ["door"]],
  [
    "open direct-streamlocal@openssh.com",
    asked("open", "direct-streamlocal@openssh.com", ({ socket }) => Buffer.concat([text(socket, ""), sshUint32(0)])),
    ["full"],
  ],
  ["open x11", asked("open", "x11", () => Buffer.concat([text("127.0.0.1"), sshUint32(1)])), []],
  ["open forwarded-tcpip", asked("open", "forwarded-tcpip", ({ port }) => tcp("127.0.0.1", port)), []],
  [
    "open forwarded-streamlocal@openssh.com",
    asked("open", "forwarded-streamlocal@openssh.com", ({ socket }) => text(socket, "")),
    [],
  ],
  ...["auth-agent@openssh.com", "auth-agent", "agent-connect", "x@y"].map(
    (name) => [`open ${name}`, asked("open", name), []] as const,
  ),
  [
    "open tun@openssh.com",
    asked("open", "tun@openssh.com", () => Buffer.concat([sshUint32(1), sshUint32(0x7fffffff)])),
    [],
  ],
  ["request pty-req", asked("request", "pty-req", () => Buffer.concat([text("xterm"), size, text("\0")])), everywhere],
  ["request env", asked("request", "env", () => text("LANG", "C.UTF-8")), everywhere],
  ["request window-change", asked("request", "window-change", () => size), everywhere],
  ["request signal", asked("request", "signal", () => text("INT")), everywhere],
  [
    "request x11-req",
    asked("request", "x11-req", () => Buffer.concat([flag(false), text("MIT-MAGIC-COOKIE-1", "00"), sshUint32(0)])),
    [],
  ],
  ["request break", asked("request", "break", () => sshUint32(500)), []],
  ["request xon-xoff", asked("request", "xon-xoff", () => flag(true)), []],
  ["request exit-status", asked("request", "exit-status", () => sshUint32(0)), []],
  [
    "request exit-signal",
    asked("request", "exit-signal", () => Buffer.concat([text("INT"), flag(false), text("", "")])),
    [],
  ],
  ...[
    "auth-agent-req",
    "agent-auth-req",
    "eow@openssh.com",
    "keepalive@openssh.com",
    "simple@putty.projects.tartarus.org",
    "x@y",
  ].map((name) => [`request ${name}`, asked("request", name), []] as const),
]

/** A node that gives its users this. */
const atNode = (grant: AccessGrant) =>
  Effect.map(
    inProcessAgent(
      { hostKey, hostCertificate: certificateLine(hostCertificate()), userCa: userAuthority.publicKeyLine },
      grant,
    ),
    (port) => ({ port, username: own }),
  )

const anybody = Layer.succeed(UserAuthenticator, {
  bearer: () => Effect.dieMessage("there are no tokens here"),
  certificate: ({ keyId }) =>
    Effect.succeed(Identity.User({ user: UserName.make(keyId), roles: [], logins: [], createdMs: 0 }) as UserIdentity),
})

const web1Alone = Layer.succeed(ConnectPolicy, {
  resolve: ({ user }, target) =>
    target === "web-1"
      ? Effect.succeed({ node: nodeName, grant: fullGrant(user, [own]), agentless: Option.none() })
      : new NodeUnknown({ message: "there is no such node" }),
})

/** The front door of a hub with the node web-1. */
const atDoor = Effect.gen(function* () {
  const hub = yield* testHub()
  yield* onlineAgent(hub, echo)
  const { port } = yield* serveFrontDoor({
    address: { host: "127.0.0.1", port: 0 },
    hostKey: { privateKey: hostKey },
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        anybody,
        web1Alone,
        unreadRefusals,
        noGateways,
        Layer.succeed(Tunnels, hub.tunnels),
        Layer.succeed(UserConnections, hub.connections),
      ),
    ),
  )
  return { port, username: "alice" }
})

const listenAt = (path: string): Effect.Effect<unknown, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((socket) => socket.on("error", () => undefined).end())
      server.listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close()),
  )

it.scopedLive(
  "whatever the protocol knows is answered, and yes only to whom the table says",
  () =>
    Effect.gen(function* () {
      const socket = join(yield* temporaryFolder, "far")
      yield* listenAt(socket)
      const targets = { socket, port: yield* listen((accepted) => accepted.end()) }
      const narrow = { portForwarding: false, fileTransfer: false, agentForwarding: false }
      const places = {
        full: yield* atNode(fullGrant("alice", [own])),
        logins: yield* atNode({ ...fullGrant("alice", [own]), ...narrow }),
        door: yield* atDoor,
      }
      for (const [message, ask, yes] of table) {
        const granted = yield* Effect.filter(Object.entries(places), ([, { port, username }]) =>
          dial(port).pipe(
            Effect.flatMap((transport) => rawClient(transport, username, userCertificate({ principals: [own] }))),
            Effect.flatMap((client) => ask(client, targets)),
            Effect.timeout("20 seconds"),
            Effect.scoped,
          ),
        )
        expect([message, ...granted.map(([place]) => place)]).toEqual([message, ...yes])
      }
    }),
  60_000,
)
