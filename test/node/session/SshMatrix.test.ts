import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createServer, connect as dialPath } from "node:net"
import { userInfo } from "node:os"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Either, Layer, Option, Schedule, type Scope, Stream } from "effect"
import { Identity } from "../../../src/api/Identity.ts"
import type { UserIdentity } from "../../../src/auth/access/Callers.ts"
import { grantAccess } from "../../../src/auth/access/GrantAccess.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { ClusterDescription } from "../../../src/auth/keys/ClusterDescription.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { proxyPorts } from "../../../src/bin/hub/ports.ts"
import { Login, RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import { Admission } from "../../../src/proxy/Admission.ts"
import { ConnectPolicy } from "../../../src/proxy/ConnectPolicy.ts"
import type { ClientChannel } from "../../../src/ssh/ClientChannel.ts"
import type { ForwardTarget } from "../../../src/ssh/DirectForward.ts"
import { HostVerification } from "../../../src/ssh/HostVerification.ts"
import { certificateLine, parseCertificateLine } from "../../../src/ssh/OpenSshCertificate.ts"
import { writeOpenSshPrivateKey } from "../../../src/ssh/OpenSshPrivateKey.ts"
import type { SessionKind } from "../../../src/ssh/SessionRequest.ts"
import { connect, type SshClient } from "../../../src/ssh/SshClient.ts"
import { invited, joined, newKey } from "../../auth/support/Fixtures.ts"
import { layerLiveHub, temporaryFolder } from "../../auth/support/TestHub.ts"
import { dial, listen } from "../../ssh/support/workspace.ts"
import { roleOf } from "../../support/roles.ts"
import { inProcessAgent } from "./support/inProcessAgent.ts"

const own = userInfo().username
const everywhere = { logins: ["*"], node_labels: ["*"] }
const all = { ...everywhere, port_forwarding: true, file_transfer: true, agent_forwarding: true }

/** Roles of data: one with logins alone, one for each permission more, and what denies or does not reach the node. */
const dataRoles = [
  roleOf({ name: "logins", allow: everywhere }),
  roleOf({ name: "ports", allow: { ...everywhere, port_forwarding: true } }),
  roleOf({ name: "files", allow: { ...everywhere, file_transfer: true } }),
  roleOf({ name: "agent", allow: { ...everywhere, agent_forwarding: true } }),
  roleOf({ name: "no-ports", allow: all, deny: { port_forwarding: true } }),
  roleOf({ name: "no-files", allow: all, deny: { file_transfer: true } }),
  roleOf({ name: "no-agent", allow: all, deny: { agent_forwarding: true } }),
  roleOf({ name: "no-login", allow: all, deny: { logins: [own] } }),
  roleOf({ name: "no-node", allow: all, deny: { node_labels: ["env=test"] } }),
  roleOf({ name: "elsewhere", allow: { ...all, node_labels: ["env=prod"] } }),
  roleOf({ name: "no-nodes", allow: { ...all, node_labels: [] } }),
  roleOf({ name: "daemon", allow: { logins: ["daemon"], node_labels: ["env=*"] } }),
  roleOf({ name: "admin-alone", allow: { admin: ["*"], recordings: "all" } }),
]

/** Whatever a client can ask of a node, and being connected to it at all. */
type SshRequest =
  | "connect"
  | `login ${"own" | "daemon"}`
  | `session ${SessionKind["_tag"]}`
  | "scp"
  | "pty"
  | "env"
  | "agent forwarding"
  | `forward ${ForwardTarget["_tag"]}`
  | "listen"

const full = ["admin", "user"]
const letIn = [...full, "logins", "ports", "files", "agent", "no-ports", "no-files", "no-agent"]

/** Who may ask for what: written out, so that a new kind of request needs a decision here too. */
const table: Readonly<Record<SshRequest, ReadonlyArray<string>>> = {
  connect: [...letIn, "daemon"],
  "login own": letIn,
  "login daemon": ["daemon"],
  "session Shell": letIn,
  "session Exec": letIn,
  "session Subsystem": [...full, "files", "no-ports", "no-agent"],
  scp: [...full, "files", "no-ports", "no-agent"],
  pty: letIn,
  env: letIn,
  "agent forwarding": [...full, "agent", "no-ports", "no-files"],
  "forward Tcp": [...full, "ports", "no-files", "no-agent"],
  "forward Unix": [...full, "ports", "no-files", "no-agent"],
  listen: [...full, "ports", "no-files", "no-agent"],
}

const size = { cols: 80, rows: 24, widthPx: 0, heightPx: 0 }
const pty = { term: "xterm", size, modes: {} }

const outputOf = (channel: ClientChannel) =>
  Effect.all(
    [channel.output, channel.stderr].map((stream) => Stream.runCollect(stream)),
    { concurrency: "unbounded" },
  ).pipe(Effect.map(([output = Chunk.empty()]) => Buffer.concat(Chunk.toReadonlyArray(output)).toString()))

/** Whether what was opened says this before it ends. */
const says = <E, R>(text: RegExp, opened: Effect.Effect<ClientChannel, E, R>, input = "") =>
  opened.pipe(
    Effect.tap((channel) => Effect.ignore(channel.write(Buffer.from(input)))),
    Effect.tap((channel) => channel.endInput),
    Effect.flatMap(outputOf),
    Effect.map((output) => text.test(output)),
  )

/** Whether what was opened answers this; sftp-server forgets its answer at the end of its input. */
const answers = <E, R>(opened: Effect.Effect<ClientChannel, E, R>, input: string) =>
  opened.pipe(
    Effect.tap((channel) => Effect.ignore(channel.write(Buffer.from(input)))),
    Effect.flatMap((channel) => Stream.runHead(channel.output)),
    Effect.map(Option.isSome),
  )

/** What a client of ours can ask for, on an open connection. */
const requests: ReadonlyArray<
  readonly [SshRequest, (client: SshClient, port: number) => Effect.Effect<boolean, unknown, Scope.Scope>]
> = [
  ["session Shell", (client) => says(/is 42/, client.shell(), "echo is $((6*7)); exit\n")],
  ["session Exec", (client) => says(/is 42/, client.exec("echo is $((6*7))"))],
  ["session Subsystem", (client) => answers(client.subsystem("sftp"), "\0\0\0\x05\x01\0\0\0\x03")],
  ["scp", (client) => answers(client.exec("scp -f /etc/passwd"), "\0")],
  ["pty", (client) => says(/dev\/pts/, client.exec("tty", { pty }))],
  ["env", (client) => says(/is 42/, client.exec("echo is $LC_MATRIX", { env: { LC_MATRIX: "42" } }))],
  [
    "forward Tcp",
    (client, port) =>
      Effect.flatMap(
        client.directTcpip({ host: "127.0.0.1", port, originAddress: "127.0.0.1", originPort: 1 }),
        (stream) =>
          Effect.async<boolean>((resume) => {
            stream.once("data", (bytes: Buffer) => resume(Effect.succeed(bytes.toString() === "hello")))
            stream.once("close", () => resume(Effect.succeed(false)))
          }),
      ),
  ],
  ["listen", (client) => Effect.map(client.listen("127.0.0.1", 0), ({ port }) => port > 0)],
]

/** What OpenSSH's client asks for in one run: its agent is forwarded, and a unix socket. */
const withOpenSsh = (args: ReadonlyArray<string>, port: number, folder: string, name: string) =>
  Effect.gen(function* () {
    const sockets = ["agent", "far", "near"].map((end) => join(folder, `${name}.${end}`))
    const [agent = "", far = "", near = ""] = sockets
    for (const path of [agent, far]) {
      yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((socket) => socket.on("error", () => undefined).end("hello"))
          server.listen(path, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close()),
      )
    }
    const shown = { stdout: "", ended: false }
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(
          "ssh",
          [...args, "-A", "-L", `${near}:${far}`, "-p", String(port), "127.0.0.1", "echo [$SSH_AUTH_SOCK]; cat"],
          {
            env: { ...process.env, SSH_AUTH_SOCK: agent },
          },
        ),
      ),
      (running) => Effect.sync(() => running.kill("SIGKILL")),
    )
    child.stdout.on("data", (bytes: Buffer) => {
      shown.stdout += bytes.toString()
    })
    child.once("close", () => {
      shown.ended = true
    })
    yield* Effect.sync(() => shown.ended || shown.stdout.includes("]")).pipe(
      Effect.repeat({ until: (done) => done, schedule: Schedule.spaced("10 millis") }),
      Effect.timeout("20 seconds"),
    )
    const greeted = yield* Effect.async<boolean>((resume) => {
      const socket = dialPath(near)
      socket.on("error", () => resume(Effect.succeed(false)))
      socket.once("data", () => resume(Effect.succeed(true)))
      socket.once("close", () => resume(Effect.succeed(false)))
    })
    const found: ReadonlyArray<readonly [SshRequest, boolean]> = [
      ["agent forwarding", /\[\/.+\]/.test(shown.stdout)],
      ["forward Unix", greeted],
    ]
    return found.flatMap(([request, allowed]) => (allowed ? [request] : []))
  }).pipe(Effect.scoped)

/** The hub's node, as its agent knows itself, and whom its host certificate is from. */
const theNode = Effect.gen(function* () {
  const node = yield* joined("web-1")
  const { info } = yield* ClusterDescription
  const { user_ca: userCa, host_ca: hostCa } = yield* info
  return { hostKey: node.host.privateKey, hostCertificate: node.hostCertificate, userCa, hostCa }
})
type TheNode = Effect.Effect.Success<typeof theNode>

/** Whom the hub tells that there is the node, though they have no login there; to the others there is none. */
const seesNodes = ["auditor", "admin-alone"]
const noLogin = "your roles give you no login on web-1"
const noNode = 'there is no node "web-1" in this cluster'

/** Everything that a user with that role gets, of the hub and of the node. */
const allowedTo = Effect.fnUntraced(function* (node: TheNode, role: string, echo: number) {
  yield* invited(role, [role], [own])
  const [user, key] = [UserName.make(role), newKey()]
  const about = { ttl: Duration.hours(1), publicKey: key.line, by: "tester", remoteAddress: null }
  const credentials = yield* Effect.flatMap(Logins, (logins) => logins.sign({ ...about, user }))
  const certificate = yield* parseCertificateLine(credentials.certificate)
  const roles = yield* Effect.flatMap(Roles, (known) => known.all([RoleName.make(role)]))
  const identity = Identity.User({ user, roles, logins: [Login.make(own)], createdMs: 0 }) as UserIdentity

  const reached = yield* Effect.either(Effect.flatMap(ConnectPolicy, (policy) => policy.resolve(identity, "web-1")))
  // Also where the hub lets nobody through: the node is asked all the same, and must refuse by itself.
  const grant = grantAccess(identity, { env: "test" })
  if (Either.isRight(reached)) expect(reached.right).toEqual({ node: "web-1", grant, agentless: Option.none() })
  else expect(reached.left.message).toBe(seesNodes.includes(role) ? noLogin : noNode)
  const port = yield* inProcessAgent(node, grant)

  const client = (username: string) =>
    Effect.flatMap(dial(port), (socket) =>
      connect(socket, {
        username,
        privateKey: key.privateKey,
        certificate,
        hostVerification: HostVerification.Authority({
          authorities: [Buffer.from(node.hostCa.split(" ")[1] ?? "", "base64")],
          principal: "web-1.test",
        }),
      }),
    )
  const isAllowed = (made: Effect.Effect<boolean, unknown, Scope.Scope>) =>
    Effect.scoped(Effect.orElseSucceed(Effect.timeout(made, "20 seconds"), () => false))

  const asked: ReadonlyArray<readonly [SshRequest, Effect.Effect<boolean>]> = [
    ["connect", Effect.succeed(Either.isRight(reached))],
    ["login own", isAllowed(Effect.as(client(own), true))],
    ["login daemon", isAllowed(Effect.as(client("daemon"), true))],
    ...requests.map(
      ([request, ask]) => [request, isAllowed(Effect.flatMap(client(own), (open) => ask(open, echo)))] as const,
    ),
  ]
  const found = yield* Effect.filter(asked, ([, allowed]) => allowed)
  const folder = yield* temporaryFolder
  const file = (name: string, text: string) => writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 })
  file("id", writeOpenSshPrivateKey(key.privateKey))
  file("id-cert.pub", certificateLine(certificate))
  file("hosts", `@cert-authority * ${node.hostCa}`)
  const options = {
    User: own,
    IdentityFile: join(folder, "id"),
    UserKnownHostsFile: join(folder, "hosts"),
    HostKeyAlias: "web-1.test",
    IdentitiesOnly: "yes",
    BatchMode: "yes",
    LogLevel: "ERROR",
  }
  const args = ["-F", "none", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])]
  return [...found.map(([request]) => request), ...(yield* withOpenSsh(args, port, folder, role))]
})

it.scopedLive(
  "every SSH request is for whom the table says",
  () =>
    Effect.gen(function* () {
      const node = yield* theNode
      yield* Effect.flatMap(Roles, (roles) => Effect.forEach(dataRoles, (role) => roles.create(role, "tester")))
      const echo = yield* listen((socket) => socket.end("hello"))
      const names = ["admin", "auditor", "user", ...dataRoles.map(({ name }) => name)]
      const allowed = yield* Effect.forEach(
        names,
        (role) => Effect.map(Effect.scoped(allowedTo(node, role, echo)), (found) => [role, found] as const),
        { concurrency: 4 },
      )
      for (const [request, roles] of Object.entries(table)) {
        const found = allowed.filter(([, requests]) => requests.some((one) => one === request)).map(([role]) => role)
        expect([request, ...found.sort()]).toEqual([request, ...[...roles].sort()])
      }
    }).pipe(Effect.provide(Layer.provideMerge(proxyPorts, Layer.merge(layerLiveHub(), Admission.layer)))),
  60_000,
)
