import type { Duplex } from "node:stream"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, FastCheck, Fiber, Option, Stream } from "effect"
import ssh2 from "ssh2"
import { HostVerification } from "../../src/ssh/HostVerification.ts"
import { certificateRequest } from "../../src/ssh/internal/CertificateRequest.ts"
import { authenticateInstead } from "../../src/ssh/internal/ssh2/authenticateInstead.ts"
import { ssh2Connection } from "../../src/ssh/internal/ssh2/Ssh2Shape.ts"
import { connect } from "../../src/ssh/SshClient.ts"
import type { SshConnectionError } from "../../src/ssh/SshError.ts"
import { type SshServerOptions, serve } from "../../src/ssh/SshServer.ts"
import { duplexPair } from "./support/duplexPair.ts"
import { hostAuthority, hostCertificate, hostKey, userCertificate, userKey } from "./support/workspace.ts"

const options: SshServerOptions<string, never> = {
  hostKey: { privateKey: hostKey, certificate: hostCertificate() },
  authenticate: () => Effect.succeed("anybody"),
}

const reasonOf = (exit: Exit.Exit<unknown, SshConnectionError>): string =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error.reason : String(exit)

/** How the server fares with a peer that sends this and goes away. */
const served = (bytes: Uint8Array, change: Partial<SshServerOptions<string, never>> = {}) =>
  Effect.gen(function* () {
    const [ours, theirs] = duplexPair()
    theirs.resume()
    theirs.on("error", () => undefined)
    const fiber = yield* Effect.fork(Effect.scoped(serve(ours, { ...options, ...change })))
    theirs.end(bytes)
    return reasonOf(yield* Fiber.await(fiber))
  })

/** ssh2's own client, which does whatever the test makes it do, and our server's end of it. */
const hostileClient = (
  change: Partial<SshServerOptions<string, never>> = {},
  payload: (sessionId: Buffer, username: string) => Buffer = (sessionId, username) =>
    certificateRequest(sessionId, username, userKey, userCertificate()),
) =>
  Effect.gen(function* () {
    const [ours, theirs] = duplexPair()
    const client = new ssh2.Client()
    yield* Effect.addFinalizer(() => Effect.sync(() => theirs.destroy()))
    client.on("error", () => undefined)
    client.connect({
      sock: theirs as never,
      username: "root",
      authHandler: ["none", "none", "none", "none", "none", "none", "none", "none"].map(() => "none" as const),
    })
    const inside = ssh2Connection(client)
    authenticateInstead(inside._protocol, payload)
    const connection = yield* serve(ours, { ...options, ...change })
    return { client, inside, connection }
  })

describe("a server's hostile peer", () => {
  it.live("gets a typed failure for garbage, wherever it stands", () =>
    Effect.gen(function* () {
      const banner = Buffer.from("SSH-2.0-x\r\n")
      expect(yield* served(Buffer.alloc(0))).toBe("closed")
      expect(["closed", "protocol"]).toContain(yield* served(Buffer.from("GET / HTTP/1.1\r\n\r\n")))
      expect(["closed", "protocol"]).toContain(yield* served(Buffer.alloc(100_000, "a")))
      const huge = Buffer.concat([banner, Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.alloc(64)])
      expect(yield* served(huge)).toBe("protocol")
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(FastCheck.uint8Array({ maxLength: 400 }), FastCheck.boolean(), (bytes, afterBanner) =>
            Effect.runPromise(served(afterBanner ? Buffer.concat([banner, bytes]) : bytes)).then((reason) => {
              expect(["closed", "protocol"]).toContain(reason)
            }),
          ),
          { numRuns: 100 },
        ),
      )
    }),
  )

  it.scopedLive("that is silent is dropped after the grace time", () =>
    Effect.gen(function* () {
      const [ours, theirs] = duplexPair()
      theirs.resume()
      theirs.write("SSH-2.0-slow\r\n")
      const exit = yield* Effect.exit(Effect.scoped(serve(ours, { ...options, loginGrace: "100 millis" })))
      expect(reasonOf(exit)).toBe("timeout")
      expect(ours.destroyed).toBe(true)
    }),
  )

  it.scopedLive("with a flipped signature is refused, and may not try more than six times", () =>
    Effect.gen(function* () {
      let tries = 0
      const exit = yield* Effect.exit(
        hostileClient({}, (sessionId, username) => {
          tries += 1
          const request = certificateRequest(sessionId, username, userKey, userCertificate())
          request[request.length - 1] = (request[request.length - 1] ?? 0) ^ 1
          return request
        }),
      )
      expect(reasonOf(exit)).toBe("authentication")
      expect(tries).toBe(6)
    }),
  )

  it.scopedLive("opens no more channels than it may", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* hostileClient({ maxChannels: 10 })
      const results = yield* Effect.all(
        Array.from({ length: 1000 }, () =>
          Effect.async<boolean>((resume) => {
            client.forwardOut("a", 1, "b", 2, (error) => resume(Effect.succeed(error === undefined)))
          }),
        ),
        { concurrency: "unbounded" },
      ).pipe(
        Effect.raceFirst(
          Stream.runForEach(connection.forwards, ({ accept }) => accept).pipe(Effect.as<ReadonlyArray<boolean>>([])),
        ),
      )
      expect(results.filter(Boolean).length).toBe(10)
    }),
  )

  it.scopedLive("that ignores its window is disconnected", () =>
    Effect.gen(function* () {
      const { client, inside, connection } = yield* hostileClient()
      const shell = yield* Deferred.make<number>()
      client.exec("x", (_, channel) => {
        const outgoing = (channel as unknown as { readonly outgoing: { readonly id: number } }).outgoing
        Deferred.unsafeDone(shell, Effect.succeed(outgoing.id))
      })
      const request = Option.getOrThrow(yield* Stream.runHead(connection.sessions))
      const channel = yield* request.accept
      const id = yield* Deferred.await(shell)
      for (let i = 0; i < 160; i++) inside._protocol.channelData(id, Buffer.alloc(32 * 1024))
      yield* connection.closed
      yield* channel.closed
      expect(yield* Effect.flip(channel.write(Buffer.from("x")))).toMatchObject({ _tag: "ChannelClosed" })
    }),
  )

  it.scopedLive("that asks for packets of no bytes gets no channel", () =>
    Effect.gen(function* () {
      const { client, inside } = yield* hostileClient()
      const protocol = inside._protocol as unknown as {
        session: (id: number, window: number, packetSize: number) => void
      }
      const open = protocol.session
      protocol.session = (id, window) => open.call(protocol, id, window, 0)
      const error = yield* Effect.async<Error | undefined>((resume) => {
        client.exec("x", (failure) => resume(Effect.succeed(failure)))
      })
      expect(error?.message).toContain("packet size")
    }),
  )

  it.scopedLive("that grants windows but does not read holds our writes back", () =>
    Effect.gen(function* () {
      const { client, inside, connection } = yield* hostileClient()
      client.exec("x", (_, channel) => void channel)
      const request = Option.getOrThrow(yield* Stream.runHead(connection.sessions))
      const channel = yield* request.accept
      const theirs = (client as unknown as { readonly _sock: Duplex })._sock
      const protocol = inside._protocol as unknown as { channelWindowAdjust: (id: number, amount: number) => void }
      protocol.channelWindowAdjust(0, 0x7fffffff)
      theirs.removeAllListeners("data").pause()
      yield* Effect.sleep("50 millis")
      let written = 0
      const chunk = Buffer.alloc(32 * 1024)
      const writer = Effect.forever(
        Effect.tap(channel.write(chunk), () => Effect.sync(() => (written += chunk.length))),
      )
      yield* Effect.ignore(Effect.timeout(writer, "300 millis"))
      expect(written).toBeLessThan(8 * 1024 * 1024)
    }),
  )

  it.scopedLive("that vanishes without a word is noticed by keep-alives", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* hostileClient({ keepAlive: { interval: "30 millis", max: 2 } })
      const theirs = (client as unknown as { readonly _sock: Duplex })._sock
      theirs.removeAllListeners("data").pause()
      yield* connection.closed.pipe(Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => "not noticed" }))
    }),
  )
})

describe("a client's hostile server", () => {
  it.live("gets a typed failure for garbage", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(FastCheck.uint8Array({ maxLength: 400 }), FastCheck.boolean(), (bytes, afterBanner) =>
          Effect.gen(function* () {
            const [ours, theirs] = duplexPair()
            theirs.resume()
            theirs.on("error", () => undefined)
            theirs.end(afterBanner ? Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), bytes]) : bytes)
            const exit = yield* Effect.exit(
              Effect.scoped(
                connect(ours, {
                  username: "root",
                  privateKey: userKey,
                  certificate: userCertificate(),
                  hostVerification: HostVerification.Authority({
                    authorities: [hostAuthority.blob],
                    principal: "web-1",
                  }),
                }),
              ),
            )
            expect(["closed", "protocol"]).toContain(reasonOf(exit))
          }).pipe(Effect.runPromise),
        ),
        { numRuns: 100 },
      ),
    ),
  )
})
