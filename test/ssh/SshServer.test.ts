import { createHash, generateKeyPairSync } from "node:crypto"
import type { Socket } from "node:net"
import { connect as netConnect } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Either, Option, Stream } from "effect"
import { verifyCertificate } from "../../src/ssh/CertificateVerification.ts"
import { publicKeyLine } from "../../src/ssh/OpenSshKey.ts"
import type { SessionChannel } from "../../src/ssh/SessionChannel.ts"
import type { SessionRequest } from "../../src/ssh/SessionRequest.ts"
import type { SshConnection } from "../../src/ssh/SshConnection.ts"
import { AuthRejected, type ChannelClosed } from "../../src/ssh/SshError.ts"
import { type SshServerOptions, serve } from "../../src/ssh/SshServer.ts"
import {
  hostCertificate,
  hostKey,
  listen,
  run,
  sshArgs,
  strangers,
  userAuthority,
  userCertificate,
  validity,
  workspace,
} from "./support/workspace.ts"

const options: SshServerOptions<string, never> = {
  hostKey: { privateKey: hostKey, certificate: hostCertificate() },
  authenticate: ({ username, certificate, remoteAddress }) =>
    verifyCertificate(certificate, {
      kind: "user",
      authorities: [userAuthority.blob],
      principal: username,
      nowMs: Date.now(),
      remoteAddress,
    }).pipe(
      Either.mapBoth({ onLeft: ({ message }) => new AuthRejected({ message }), onRight: () => certificate.keyId }),
    ),
}

type Handler = (request: SessionRequest, connection: SshConnection<string>) => Effect.Effect<void, ChannelClosed>

/** Serves every connection with this handler of sessions; the port, and why connections failed. */
const server = (handler: Handler, change: Partial<SshServerOptions<string, never>> = {}) =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const failures: Array<string> = []
    const one = (socket: Socket) =>
      Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* serve(socket, { ...options, ...change })
          yield* Effect.forkScoped(
            Stream.runForEach(connection.forwards, (forward) =>
              forward.target._tag === "Unix" || forward.target.host === "refuse"
                ? forward.reject("not there")
                : Effect.map(forward.accept, (stream) => {
                    const target = netConnect(forward.target)
                    target.on("error", () => stream.destroy())
                    stream.pipe(target).pipe(stream)
                  }),
            ),
          )
          yield* Stream.runForEach(connection.sessions, (request) =>
            Effect.forkScoped(Effect.ignore(handler(request, connection))),
          )
        }),
      ).pipe(Effect.catchAll((error) => Effect.sync(() => failures.push(error.reason))))
    const port = yield* listen((socket) => void Effect.runPromise(Effect.provide(one(socket), runtime)))
    return { port, failures }
  })

const text = (value: string) => Buffer.from(value)

/** What the tests run "remotely". */
const commands: Handler = (request, connection) =>
  Effect.gen(function* () {
    const channel = yield* request.accept
    const command = request.kind._tag === "Exec" ? request.kind.command : request.kind._tag
    if (command === "whoami") {
      yield* channel.write(text(`${connection.username} ${connection.identity} ${JSON.stringify(request.env)}`))
      yield* channel.writeStderr(text("on stderr"))
      yield* channel.exit({ _tag: "Code", code: 7 })
    } else if (command === "killed") {
      yield* channel.exit({ _tag: "Signal", signal: "KILL" })
    } else if (command === "cat") {
      yield* Effect.sleep("50 millis")
      yield* Stream.runForEach(channel.input, channel.write)
      yield* channel.exit({ _tag: "Code", code: 0 })
    } else {
      yield* terminal(request, channel)
    }
  })

const terminal = (request: SessionRequest, channel: SessionChannel) =>
  Effect.gen(function* () {
    const pty = Option.getOrUndefined(request.pty)
    yield* channel.write(text(`${request.kind._tag} ${pty?.term} ${pty?.size.cols}x${pty?.size.rows}\r\n`))
    const first = yield* Stream.runHead(channel.input)
    yield* channel.write(text(`typed ${Buffer.from(Option.getOrThrow(first)).toString().trim()}\r\n`))
    yield* channel.exit({ _tag: "Code", code: 0 })
  })

describe("our server, OpenSSH's client", () => {
  it.scopedLive("runs commands: output, stderr, environment, exit code", () =>
    Effect.gen(function* () {
      const { port } = yield* server(commands)
      const args = sshArgs(yield* workspace, port)
      const ran = yield* run("ssh", [...args, "-o", "SetEnv=FOO=bar", "root@127.0.0.1", "whoami"])
      expect(ran.stdout.toString()).toBe('root alice {"FOO":"bar"}')
      expect(ran.stderr).toBe("on stderr")
      expect(ran.code).toBe(7)
      const killed = yield* run("ssh", [...args, "root@127.0.0.1", "killed"])
      expect(killed.code).toBe(255)
    }),
  )

  it.scopedLive("keeps input, and its end, that come before the session was accepted", () =>
    Effect.gen(function* () {
      const { port } = yield* server((request, connection) => Effect.delay(commands(request, connection), "200 millis"))
      const ran = yield* run("ssh", [...sshArgs(yield* workspace, port), "root@127.0.0.1", "cat"], "early input")
      expect(ran).toMatchObject({ code: 0, stderr: "" })
      expect(ran.stdout.toString()).toBe("early input")
    }),
  )

  it.scopedLive("gives a shell its terminal", () =>
    Effect.gen(function* () {
      const { port } = yield* server(commands)
      const ran = yield* run("ssh", [...sshArgs(yield* workspace, port), "-tt", "root@127.0.0.1"], "hello\n")
      expect(ran.stdout.toString()).toMatch(/^Shell \S+ \d+x\d+\r\ntyped hello\r\n$/)
    }),
  )

  it.scopedLive("forwards connections (-W) and tells why it does not", () =>
    Effect.gen(function* () {
      const { port } = yield* server(commands)
      const echo = yield* listen((socket) => void socket.pipe(socket))
      const args = sshArgs(yield* workspace, port)
      const ran = yield* run("ssh", [...args, "-W", `127.0.0.1:${echo}`, "root@127.0.0.1"], "there and back")
      expect(ran.stdout.toString()).toBe("there and back")
      const refused = yield* run("ssh", ["-o", "LogLevel=INFO", ...args, "-W", "refuse:1", "root@127.0.0.1"])
      expect(refused.stderr).toContain("not there")
    }),
  )

  it.scopedLive("serves as a jump host (-J) to another of our servers", () =>
    Effect.gen(function* () {
      const { port } = yield* server(commands)
      const { port: target } = yield* server(commands)
      const args = sshArgs(yield* workspace, target)
      const proxy = `ssh ${sshArgs(yield* workspace, port).join(" ")} -W 127.0.0.1:${target} root@127.0.0.1`
      const ran = yield* run("ssh", [...args, "-o", `ProxyCommand=${proxy}`, "root@127.0.0.1", "cat"], "inner")
      expect(ran.stdout.toString()).toBe("inner")
    }),
  )

  it.scopedLive("refuses whom it should, and the server goes on", () =>
    Effect.gen(function* () {
      const { port, failures } = yield* server(commands)
      const place = yield* workspace
      const now = BigInt(Math.floor(Date.now() / 1000))
      const login = (certificate: ReturnType<typeof userCertificate>) =>
        Effect.map(run("ssh", [...sshArgs(place, port, certificate), "root@127.0.0.1", "whoami"]), ({ code }) => code)
      expect(yield* login(userCertificate({ validAfter: now - 20n, validBefore: now - 10n }))).toBe(255)
      expect(yield* login(userCertificate({}, strangers))).toBe(255)
      expect(yield* login(userCertificate({ principals: ["deploy"] }))).toBe(255)
      expect(yield* login(userCertificate({ criticalOptions: new Map([["source-address", "10.0.0.0/8"]]) }))).toBe(255)
      const plain = sshArgs(place, port)
      yield* run("rm", [join(place.directory, "id-cert.pub")])
      expect(yield* run("ssh", [...plain, "root@127.0.0.1", "whoami"])).toMatchObject({ code: 255 })
      expect(failures.length).toBeGreaterThan(0)
      expect(yield* login(userCertificate())).toBe(7)
    }),
  )

  it.scopedLive("is refused by the client for a host certificate that is not right", () =>
    Effect.gen(function* () {
      const place = yield* workspace
      for (const certificate of [hostCertificate("web-2"), hostCertificate("web-1", hostKey, strangers)]) {
        const { port } = yield* server(commands, { hostKey: { privateKey: hostKey, certificate } })
        const ran = yield* run("ssh", [...sshArgs(place, port), "root@127.0.0.1", "whoami"])
        expect(ran.code).toBe(255)
        expect(ran.stdout.length).toBe(0)
      }
    }),
  )

  it.scopedLive("grants a certificate without permissions neither a terminal nor forwarding", () =>
    Effect.gen(function* () {
      const { port } = yield* server(commands)
      const args = sshArgs(yield* workspace, port, userCertificate({ extensions: new Map(), ...validity() }))
      const ran = yield* run("ssh", [...args, "-tt", "root@127.0.0.1"], "x\n")
      expect(ran).toMatchObject({ code: 255, stdout: Buffer.alloc(0) })
      expect(yield* run("ssh", [...args, "root@127.0.0.1", "whoami"])).toMatchObject({ code: 7 })
      const echo = yield* listen((socket) => void socket.pipe(socket))
      expect((yield* run("ssh", [...args, "-W", `127.0.0.1:${echo}`, "root@127.0.0.1"], "x")).code).toBe(255)
    }),
  )

  it.scopedLive("sends and receives 100 MB unchanged while keys are exchanged anew", () =>
    Effect.gen(function* () {
      const chunk = Buffer.alloc(32 * 1024, "0123456789abcdef!")
      const count = 3200
      const expected = createHash("sha256")
      for (let i = 0; i < count; i++) expected.update(chunk)
      const received = yield* Deferred.make<string>()
      const { port } = yield* server(
        (request) =>
          Effect.gen(function* () {
            const channel = yield* request.accept
            if (request.kind._tag === "Exec" && request.kind.command === "down") {
              yield* Effect.repeatN(channel.write(chunk), count - 1)
            } else {
              const hash = createHash("sha256")
              yield* Stream.runForEach(channel.input, (bytes) => Effect.sync(() => hash.update(bytes)))
              yield* Deferred.succeed(received, hash.digest("hex"))
            }
            yield* channel.exit({ _tag: "Code", code: 0 })
          }),
        { rekey: { bytes: 8 * 1024 * 1024, interval: "1 hour" } },
      )
      const args = sshArgs(yield* workspace, port)
      const down = yield* run("ssh", ["-o", "LogLevel=DEBUG1", ...args, "root@127.0.0.1", "down"])
      expect(down.code).toBe(0)
      expect(down.stderr.split("SSH2_MSG_KEXINIT received").length).toBeGreaterThan(8)
      const digest = expected.digest("hex")
      expect(createHash("sha256").update(down.stdout).digest("hex")).toBe(digest)
      const up = yield* run("ssh", [...args, "-o", "RekeyLimit=8M", "root@127.0.0.1", "up"], down.stdout)
      expect(up).toMatchObject({ code: 0, stderr: "" })
      expect(yield* Deferred.await(received)).toBe(digest)
    }),
  )

  it.scopedLive("keeps output and stderr apart and whole when both wait for the client's window", () =>
    Effect.gen(function* () {
      const output = Buffer.alloc(6_000_000, "output.")
      const stderr = Buffer.alloc(6_000_000, "stderr!")
      const pieces = (bytes: Buffer) =>
        Array.from({ length: 60 }, (_, i) => bytes.subarray(i * 100_000, (i + 1) * 100_000))
      const { port } = yield* server((request) =>
        Effect.gen(function* () {
          const channel = yield* request.accept
          yield* Effect.forEach(pieces(output), channel.write, { discard: true }).pipe(
            Effect.zip(Effect.forEach(pieces(stderr), channel.writeStderr, { discard: true }), { concurrent: true }),
          )
          yield* channel.exit({ _tag: "Code", code: 0 })
        }),
      )
      const ran = yield* run("ssh", [...sshArgs(yield* workspace, port), "root@127.0.0.1", "both"])
      expect(ran.code).toBe(0)
      expect(ran.stdout.equals(output)).toBe(true)
      expect(ran.stderr === stderr.toString()).toBe(true)
    }),
  )

  it.scopedLive("takes RSA and ECDSA keys' certificates", () =>
    Effect.gen(function* () {
      const { port } = yield* server(commands)
      const place = yield* workspace
      const pairs = [
        generateKeyPairSync("rsa", { modulusLength: 2048 }),
        generateKeyPairSync("ec", { namedCurve: "P-384" }),
      ]
      for (const { privateKey } of pairs) {
        const args = sshArgs(place, port, userCertificate({ publicKey: privateKey }))
        place.put("id", privateKey.export({ format: "pem", type: "pkcs8" }).toString())
        place.put("id.pub", `${publicKeyLine(privateKey)}\n`)
        expect(yield* run("ssh", [...args, "root@127.0.0.1", "whoami"])).toMatchObject({ code: 7 })
      }
    }),
  )

  it.scopedLive("tells the client why it disconnects", () =>
    Effect.gen(function* () {
      const { port } = yield* server((request, connection) =>
        Effect.zipRight(request.accept, connection.disconnect("the recording was lost")),
      )
      const ran = yield* run("ssh", [
        "-o",
        "LogLevel=INFO",
        ...sshArgs(yield* workspace, port),
        "root@127.0.0.1",
        "whoami",
      ])
      expect(ran.code).toBe(255)
      expect(ran.stderr).toContain("the recording was lost")
    }),
  )
})
