import { type ChildProcess, spawn } from "node:child_process"
import { createPublicKey, type KeyObject } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Fiber, Layer, Option, Stream } from "effect"
import type { ConnectionHandler } from "../../src/agent/tunnel/TunnelClient.ts"
import { Identity } from "../../src/api/Identity.ts"
import { UserName } from "../../src/domain/Identifiers.ts"
import { ConnectPolicy, NodeUnknown } from "../../src/proxy/ConnectPolicy.ts"
import { type FrontDoorOptions, serveFrontDoor } from "../../src/proxy/FrontDoor.ts"
import { Tunnels } from "../../src/proxy/Tunnels.ts"
import { UserAuthenticator, type UserIdentity, UserRefused } from "../../src/proxy/UserAuthenticator.ts"
import { UserConnections } from "../../src/proxy/UserConnections.ts"
import { certificateAuthority } from "../../src/ssh/CertificateAuthority.ts"
import { verifyCertificate } from "../../src/ssh/CertificateVerification.ts"
import { certificateLine } from "../../src/ssh/OpenSshCertificate.ts"
import { generateEd25519, publicKeyLine } from "../../src/ssh/OpenSshKey.ts"
import { writeOpenSshPrivateKey } from "../../src/ssh/OpenSshPrivateKey.ts"
import { serve } from "../../src/ssh/SshServer.ts"
import { fullGrant } from "../support/accessGrants.ts"
import { echo, eventually, onlineAgent } from "./TestAgent.ts"
import { nodeName, noGateways, testHub, unreadRefusals } from "./TestHub.ts"

const authority = certificateAuthority(generateEd25519())

/** Who may not come any more. */
const gone = new Set<string>()

const users = Layer.succeed(UserAuthenticator, {
  bearer: () => Effect.fail(new UserRefused({ message: "no tokens here" })),
  certificate: (certificate, remoteAddress) => {
    if (gone.has(certificate.keyId)) return Effect.fail(new UserRefused({ message: `${certificate.keyId} is gone` }))
    return verifyCertificate(certificate, {
      kind: "user",
      authorities: [authority.blob],
      principal: "root",
      nowMs: Date.now(),
      remoteAddress,
    }).pipe(
      Either.map(
        () =>
          Identity.User({
            user: UserName.make(certificate.keyId),
            roles: [],
            logins: [],
            createdMs: 0,
          }) as UserIdentity,
      ),
      Either.mapLeft(({ message }) => new UserRefused({ message })),
    )
  },
})

const policy = Layer.succeed(ConnectPolicy, {
  resolve: ({ user }, target) =>
    target === "web-1" || target === "web-1.test"
      ? Effect.succeed({ node: nodeName, grant: fullGrant(user), agentless: Option.none() })
      : Effect.fail(new NodeUnknown({ message: `there is no node "${target}"` })),
})

const certify = (key: KeyObject, keyId: string) => {
  const now = BigInt(Math.floor(Date.now() / 1000))
  return authority.signUser({
    publicKey: createPublicKey(key),
    keyId,
    principals: ["root"],
    validAfter: now - 60n,
    validBefore: now + 600n,
    serial: 1n,
  })
}

const nodeKey = generateEd25519()

/** A node that answers every command with a line that names who came. */
const greet: ConnectionHandler = ({ transport, remoteAddress }) =>
  Effect.gen(function* () {
    const connection = yield* serve(transport, {
      hostKey: { privateKey: nodeKey },
      authenticate: ({ certificate }) => Effect.succeed(certificate.keyId),
      remoteAddress,
    })
    yield* Stream.runForEach(connection.sessions, (request) =>
      Effect.gen(function* () {
        const channel = yield* request.accept
        yield* channel.write(Buffer.from(`hello ${connection.identity}, ${connection.username} of web-1\n`))
        yield* channel.exit({ _tag: "Code", code: 7 })
      }),
    )
  }).pipe(Effect.orDie)

/** A front door with a node behind it, and an identity for OpenSSH's ssh. */
const frontDoor = (options: Partial<FrontDoorOptions> = {}, node: ConnectionHandler = echo) =>
  Effect.gen(function* () {
    const hub = yield* testHub()
    yield* onlineAgent(hub, node)
    const hostKey = generateEd25519()
    const bound = yield* serveFrontDoor({
      address: { host: "127.0.0.1", port: 0 },
      hostKey: { privateKey: hostKey },
      ...options,
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          users,
          policy,
          unreadRefusals,
          noGateways,
          Layer.succeed(Tunnels, hub.tunnels),
          Layer.succeed(UserConnections, hub.connections),
        ),
      ),
    )
    const home = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "mezite-door-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true })),
    )
    const key = generateEd25519()
    const hosts = [
      `[127.0.0.1]:${bound.port} ${publicKeyLine(createPublicKey(hostKey))}`,
      `web-1 ${publicKeyLine(createPublicKey(nodeKey))}`,
    ]
    const config = [
      `IdentityFile ${join(home, "key")}`,
      `UserKnownHostsFile ${join(home, "hosts")}`,
      "IdentitiesOnly yes",
      "IdentityAgent none",
      "BatchMode yes",
      "StrictHostKeyChecking yes",
    ]
    yield* Effect.promise(async () => {
      await writeFile(join(home, "key"), writeOpenSshPrivateKey(key), { mode: 0o600 })
      await writeFile(join(home, "key-cert.pub"), `${certificateLine(certify(key, "ada"))}\n`)
      await writeFile(join(home, "hosts"), `${hosts.join("\n")}\n`)
      await writeFile(join(home, "config"), `${config.join("\n")}\n`)
    })
    return { home, port: bound.port, connections: hub.connections }
  })

const to = ({ port }: { readonly port: number }, user = "ada") => ["-p", String(port), `${user}@127.0.0.1`]

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const ssh = (
  { home }: { readonly home: string },
  args: ReadonlyArray<string>,
  options: { readonly input?: string; readonly expect?: string } = {},
) =>
  Effect.async<Ran>((resume) => {
    const child: ChildProcess = spawn("ssh", ["-F", join(home, "config"), ...args])
    child.stdin?.on("error", () => {})
    let stdout = ""
    let stderr = ""
    child.stdout?.on("data", (data: Buffer) => {
      stdout += data.toString("latin1")
      if (stdout === options.expect) child.stdin?.end()
    })
    child.stderr?.on("data", (data: Buffer) => {
      stderr += data.toString()
    })
    child.once("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    if (options.input !== undefined) child.stdin?.write(options.input)
    if (options.expect === undefined) child.stdin?.end()
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(Effect.timeout("20 seconds"))

describe("the SSH front door, with OpenSSH's ssh", () => {
  it.scopedLive("carries a connection to a node, by any of its names", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor()
      const input = "x".repeat(500_000)
      for (const target of ["web-1:22", "web-1.test:22"]) {
        const { stdout, stderr, code } = yield* ssh(door, ["-W", target, ...to(door)], { input, expect: input })
        expect(stderr).toBe("")
        expect(stdout.length).toBe(input.length)
        expect(code).toBe(0)
      }
    }),
  )

  it.scopedLive("is a jump host", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor({}, greet)
      const ran = yield* ssh(door, ["-J", `ada@127.0.0.1:${door.port}`, "root@web-1", "anything"])
      expect(ran).toEqual({ code: 7, stdout: "hello ada, root of web-1\n", stderr: "" })
    }),
  )

  it.scopedLive("says which nodes there are not, and reaches no other ports", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor()
      expect((yield* ssh(door, ["-W", "web-9:22", ...to(door)])).stderr).toContain('there is no node "web-9"')
      expect((yield* ssh(door, ["-W", "web-1:80", ...to(door)])).stderr).toContain("only port 22")
      const listener = ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9"]
      expect((yield* ssh(door, [...listener, ...to(door)])).stderr).toContain("remote port forwarding failed")
    }),
  )

  it.scopedLive("explains itself to who wants a shell, with exit code 1", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor()
      const plain = yield* ssh(door, [...to(door), "ls"])
      expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining("this is a jump host") })
      const terminal = yield* ssh(door, ["-tt", ...to(door)])
      expect(terminal).toMatchObject({ code: 1, stdout: expect.stringContaining("this is a jump host") })
    }),
  )

  it.scopedLive("asks for each connection to a node anew who the user is, not only at the login", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor()
      yield* Effect.addFinalizer(() => Effect.sync(() => gone.delete("ada")))
      const master = ["-o", `ControlPath=${join(door.home, "master")}`]
      const through = (expected: string) =>
        ssh(door, [...master, "-W", "web-1:22", ...to(door)], { input: "hello", expect: expected })
      const forked = ssh(door, [...master, "-o", "ControlMaster=yes", "-N", ...to(door)], { expect: "never" })
      yield* Effect.forkScoped(forked)
      yield* eventually(
        "the master is connected",
        Effect.sync(() => existsSync(join(door.home, "master"))),
      )
      expect(yield* through("hello")).toMatchObject({ code: 0, stdout: "hello" })
      gone.add("ada")
      const refused = yield* through("hello")
      expect(refused.stdout).toBe("")
      expect(refused.code).not.toBe(0)
    }),
  )

  it.scopedLive("takes a certificate only for its own user", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor()
      const refused = yield* ssh(door, ["-W", "web-1:22", ...to(door, "eve")])
      expect(refused).toMatchObject({ code: 255, stderr: expect.stringContaining("Permission denied") })
    }),
  )
})

describe("the SSH front door, when a user is shut out", () => {
  it.scopedLive("cuts what the user has open, telling why, whether the node agrees or not", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor()
      const open = yield* Effect.fork(ssh(door, ["-W", "web-1:22", ...to(door)], { input: "hello", expect: "more" }))
      const users = Effect.map(door.connections.users, (connected) => [...connected.keys()])
      yield* eventually(
        "ada is connected",
        Effect.map(users, (names) => names.length === 1),
      )
      for (const { cut } of yield* door.connections.of(UserName.make("ada"))) yield* cut("ada is locked: enough")
      const { code, stderr } = yield* Fiber.join(open)
      expect(code).toBe(255)
      expect(stderr).toContain("ada is locked: enough")
      yield* eventually(
        "nobody is connected",
        Effect.map(users, (names) => names.length === 0),
      )
    }),
  )
})

describe("the SSH front door, to strangers", () => {
  const stranger = (port: number, send: string) =>
    Effect.async<number>((resume) => {
      const startedAt = performance.now()
      const socket = connect(port, "127.0.0.1", () => socket.write(send))
      socket.on("data", () => {})
      socket.on("error", () => {})
      socket.once("close", () => resume(Effect.succeed(performance.now() - startedAt)))
      return Effect.sync(() => socket.destroy())
    }).pipe(Effect.timeout("10 seconds"))

  it.scopedLive("gives a time to log in, and no more than so many at once", () =>
    Effect.gen(function* () {
      const door = yield* frontDoor({ startups: { most: 3, mostOfOne: 10 }, loginGrace: "1 second" })
      const times = yield* Effect.all(
        Array.from({ length: 6 }, () => stranger(door.port, "SSH-2.0-stranger\r\n")),
        { concurrency: "unbounded" },
      )
      expect(times.filter((ms) => ms < 700)).toHaveLength(3)
      expect(times.filter((ms) => ms >= 700)).toHaveLength(3)
      const full = yield* frontDoor({ startups: { most: 50, mostOfOne: 2 }, loginGrace: "1 second" })
      const crowd = Array.from({ length: 4 }, () => stranger(full.port, ""))
      const stays = (yield* Effect.all(crowd, { concurrency: "unbounded" })).filter((ms) => ms >= 700)
      expect(stays).toHaveLength(2)
      yield* stranger(door.port, "\0garbage\r\n".repeat(1000))
      expect((yield* ssh(door, [...to(door), "ls"])).code).toBe(1)
    }),
  )
})
