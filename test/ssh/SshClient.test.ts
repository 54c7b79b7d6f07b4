import { createHash, generateKeyPairSync } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Exit, Fiber, Option, Stream } from "effect"
import type { ClientChannel } from "../../src/ssh/ClientChannel.ts"
import { HostVerification } from "../../src/ssh/HostVerification.ts"
import { generateEd25519, publicKeyBlob } from "../../src/ssh/OpenSshKey.ts"
import { connect, type SshClientOptions } from "../../src/ssh/SshClient.ts"
import type { SshConnectionError } from "../../src/ssh/SshError.ts"
import { serve } from "../../src/ssh/SshServer.ts"
import {
  dial,
  hostAuthority,
  hostCertificate,
  hostKey,
  listen,
  sshd,
  strangers,
  userCertificate,
  userKey,
  workspace,
} from "./support/workspace.ts"

const options: SshClientOptions = {
  username: "root",
  privateKey: userKey,
  certificate: userCertificate(),
  hostVerification: HostVerification.Authority({ authorities: [hostAuthority.blob], principal: "web-1" }),
}

const client = (port: number, change: Partial<SshClientOptions> = {}) =>
  Effect.flatMap(dial(port), (socket) => connect(socket, { ...options, ...change }))

const reason = <A>(exit: Exit.Exit<A, SshConnectionError | Error>): string =>
  Exit.match(exit, {
    onSuccess: () => "connected",
    onFailure: (cause) => (cause._tag === "Fail" && "reason" in cause.error ? cause.error.reason : String(cause)),
  })

const attempt = (port: number, change: Partial<SshClientOptions>) =>
  Effect.map(Effect.exit(Effect.scoped(client(port, change))), reason)

const everything = (stream: ClientChannel["output"]) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)).toString())

const size = { cols: 100, rows: 30, widthPx: 0, heightPx: 0 }

describe("our client, OpenSSH's server", () => {
  it.scopedLive("runs commands: output, stderr, environment, input, exit code, exit signal", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace))
      const command = yield* ssh.exec("echo $FOO; echo oops >&2; cat; exit 7", { env: { FOO: "bar" } })
      yield* command.write(Buffer.from("typed"))
      yield* command.endInput
      const [output, stderr, exit] = yield* Effect.all(
        [everything(command.output), everything(command.stderr), command.exit],
        { concurrency: "unbounded" },
      )
      expect({ output, stderr, exit }).toEqual({
        output: "bar\ntyped",
        stderr: "oops\n",
        exit: { _tag: "Code", code: 7 },
      })
      const killed = yield* ssh.exec("kill -TERM $$")
      expect(yield* killed.exit).toEqual({ _tag: "Signal", signal: "TERM" })
    }),
  )

  it.scopedLive("gives a shell a terminal that can be resized", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace))
      const shell = yield* ssh.exec("stty size; read line; stty size; echo $TERM; stty -a", {
        pty: { term: "xterm", size, modes: { VINTR: 7, ICRNL: 1, ECHO: 0 } },
      })
      const first = yield* Stream.runHead(shell.output)
      expect(Buffer.from(Option.getOrThrow(first)).toString()).toContain("30 100")
      yield* shell.resize({ ...size, cols: 132, rows: 43 })
      yield* shell.write(Buffer.from("\r"))
      const rest = yield* everything(shell.output)
      expect(rest).toContain("43 132")
      expect(rest).toContain("xterm")
      expect(rest).toMatch(/intr = \^G;[\s\S]* -echo /)
      expect(yield* shell.exit).toEqual({ _tag: "Code", code: 0 })
    }),
  )

  it.scopedLive("tells of what it types whether the server's terminal shows it, whatever comes with it", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace))
      const read =
        "stty -echo; printf 'password: '; read a; read b; stty echo; printf 'name: '; read c; stty raw; echo $a$b$c; cat"
      const pty = { term: "xterm", size, modes: {} }
      const shell = yield* ssh.exec(read, { pty })
      const shown: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(shell.output, (bytes) => Effect.sync(() => void shown.push(Buffer.from(bytes).toString()))),
      )
      const shows = (text: string) =>
        Effect.repeat(Effect.yieldNow({ priority: 1 }), { until: () => shown.join("").includes(text) })
      const type = (text: string) => shell.writeEchoed(Buffer.from(text))
      yield* shows("password: ")
      for (const key of "s3") expect(yield* type(key)).toBe(false)
      expect(yield* type("cret")).toBe(false)
      // As a password that is typed twice: the second right behind the Enter of the first.
      yield* shell.write(Buffer.from("\r"))
      expect(yield* type("again")).toBe(false)
      yield* shell.write(Buffer.from("\r"))
      yield* shows("name: ")
      for (const key of "eve") expect(yield* type(key)).toBe(true)
      yield* shell.write(Buffer.from("\r"))
      yield* shows("s3cretagaineve")
      expect(yield* type("raw")).toBe(true)
    }),
  )

  it.scopedLive("tells so beside a flood of output, while keys are exchanged anew, every time", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace), { rekey: { bytes: 4_000_000, interval: "1 hour" } })
      const flood = yield* ssh.exec("yes")
      yield* Effect.forkScoped(Stream.runDrain(flood.output))
      const pty = { term: "xterm", size, modes: { ECHO: 0 } }
      const shell = yield* ssh.exec("while read x; do :; done", { pty })
      for (let key = 0; key < 100; key++) {
        expect(yield* shell.writeEchoed(Buffer.from("x"))).toBe(false)
        if (key % 7 === 0) yield* shell.write(Buffer.from("\r"))
      }
    }),
  )

  it.scopedLive("opens subsystems and forwarded connections, and hears of refusals", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace))
      const echo = yield* ssh.subsystem("echo")
      yield* echo.write(Buffer.from("again"))
      yield* echo.endInput
      expect(yield* everything(echo.output)).toBe("again")
      expect(yield* Effect.flip(ssh.subsystem("nothing"))).toMatchObject({ _tag: "ChannelRefused" })
      const port = yield* listen((socket) => void socket.end("hello"))
      const origin = { originAddress: "127.0.0.1", originPort: 1 }
      const stream = yield* ssh.directTcpip({ host: "127.0.0.1", port, ...origin })
      const bytes = yield* Effect.promise(() => stream.toArray() as Promise<Array<Buffer>>)
      expect(Buffer.concat(bytes).toString()).toBe("hello")
      const refused = yield* Effect.flip(ssh.directTcpip({ host: "127.0.0.1", port: 1, ...origin }))
      expect(refused).toMatchObject({ _tag: "ChannelRefused", message: "Connection refused" })
    }),
  )

  it.scopedLive("has had the server stop listening when the scope of a listener is closed", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace))
      for (let round = 0; round < 20; round += 1) {
        const { port } = yield* Effect.scoped(ssh.listen("127.0.0.1", 0))
        expect(Exit.isFailure(yield* Effect.exit(Effect.scoped(dial(port))))).toBe(true)
      }
    }),
  )

  it.scopedLive("says that the connection is gone, where it goes as a session is asked for", () =>
    Effect.gen(function* () {
      const socket = yield* dial(yield* sshd(yield* workspace))
      const ssh = yield* connect(socket, options)
      const asked = yield* Effect.fork(Effect.flip(ssh.shell({ pty: { term: "xterm", size, modes: {} } })))
      yield* Effect.yieldNow()
      socket.destroy(new Error("the network is gone"))
      expect((yield* Fiber.join(asked)).message).toBe("the connection broke: the network is gone")
    }),
  )

  it.scopedLive("verifies the host by certificate or pinned key, and authenticates with every kind of key", () =>
    Effect.gen(function* () {
      const place = yield* workspace
      const port = yield* sshd(place)
      const by = (verification: HostVerification) => attempt(port, { hostVerification: verification })
      const authority = (authorities: ReadonlyArray<Uint8Array>, principal: string) =>
        by(HostVerification.Authority({ authorities, principal }))
      expect(yield* authority([hostAuthority.blob], "web-1")).toBe("connected")
      expect(yield* authority([hostAuthority.blob], "web-2")).toBe("host-key")
      expect(yield* authority([strangers.blob], "web-1")).toBe("host-key")
      expect(yield* authority([], "web-1")).toBe("host-key")
      expect(yield* by(HostVerification.Pinned({ keys: [publicKeyBlob(hostKey)] }))).toBe("connected")
      expect(yield* by(HostVerification.Pinned({ keys: [publicKeyBlob(generateEd25519())] }))).toBe("host-key")
      const keys = [
        generateKeyPairSync("rsa", { modulusLength: 2048 }),
        generateKeyPairSync("ec", { namedCurve: "P-256" }),
        generateKeyPairSync("ec", { namedCurve: "P-521" }),
      ]
      for (const { privateKey } of keys) {
        const certificate = userCertificate({ publicKey: privateKey })
        expect(yield* attempt(port, { privateKey, certificate })).toBe("connected")
      }
      expect(yield* attempt(port, { certificate: userCertificate({ principals: ["nobody"] }) })).toBe("authentication")
      expect(yield* attempt(port, { privateKey: generateEd25519() })).toBe("authentication")
      expect(readFileSync(join(place.directory, "sshd.log"), "utf8")).toContain("Accepted publickey for root")
    }),
  )

  it.scopedLive("carries 100 MB to a slow reader unchanged, rekeying, in bounded memory", () =>
    Effect.gen(function* () {
      const ssh = yield* client(yield* sshd(yield* workspace), {
        rekey: { bytes: 8 * 1024 * 1024, interval: "1 hour" },
      })
      const command = yield* ssh.exec("head -c 100000000 /dev/zero | tr '\\0' x")
      const hash = createHash("sha256")
      let total = 0
      const before = process.memoryUsage().arrayBuffers
      yield* Effect.sleep("700 millis")
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024)
      yield* Stream.runForEach(command.output, (bytes) =>
        Effect.sync(() => {
          hash.update(bytes)
          total += bytes.length
        }),
      )
      expect(total).toBe(100_000_000)
      expect(hash.digest("hex")).toBe(createHash("sha256").update(Buffer.alloc(100_000_000, "x")).digest("hex"))
    }),
  )
})

describe("our client, our server", () => {
  const identity = { hostKey: { privateKey: hostKey, certificate: hostCertificate() } }

  it.scopedLive("is done end to end, resizes and signals included, and closes with its scope", () =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<never>()
      const closed = yield* Deferred.make<void>()
      const served = (socket: Parameters<typeof serve>[0]) =>
        Effect.scoped(
          Effect.gen(function* () {
            const connection = yield* serve(socket, { ...identity, authenticate: () => Effect.succeed("anybody") })
            const request = Option.getOrThrow(yield* Stream.runHead(connection.sessions))
            const channel = yield* request.accept
            const resized = Option.getOrThrow(yield* Stream.runHead(channel.resizes))
            const signal = Option.getOrThrow(yield* Stream.runHead(channel.signals))
            yield* channel.write(Buffer.from(`${resized.cols}x${resized.rows} ${signal}`))
            yield* channel.exit({ _tag: "Signal", signal: "BUS" })
            yield* connection.closed
            yield* Deferred.succeed(closed, undefined)
          }),
        )
      const port = yield* listen((socket) => void Effect.runPromise(Effect.provide(served(socket), runtime)))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const ssh = yield* client(port)
          const shell = yield* ssh.shell({ pty: { term: "xterm", size, modes: {} } })
          yield* shell.resize({ ...size, cols: 90 })
          yield* shell.signal("INT")
          expect(yield* everything(shell.output)).toBe("90x30 INT")
          expect(yield* shell.exit).toEqual({ _tag: "Code", code: 135 })
        }),
      )
      yield* Deferred.await(closed)
    }),
  )
})
