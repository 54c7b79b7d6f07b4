import { type AddressInfo, createServer } from "node:net"
import { expect, it } from "@effect/vitest"
import { Duration, Effect, Logger, LogLevel } from "effect"
import { HubTrust } from "../../../src/api/HubTrust.ts"
import { HubRecorder } from "../../../src/node/recording/HubRecorder.ts"
import { ClientWay } from "../../../src/session/ClientWay.ts"
import { ingestHub } from "../../auth/ingest/support/IngestHub.ts"
import { tokenOf } from "../../auth/ingest/support/TestCall.ts"
import { sessionsOf } from "../../auth/ingest/support/TestSession.ts"
import { joined } from "../../auth/support/Fixtures.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"

it.scopedLive("tells the hub's own trouble apart from a hub that is not to be reached", () =>
  Effect.gen(function* () {
    const hub = yield* ingestHub(yield* temporaryFolder, { crashAt: "before started" })
    const node = yield* hub.run(joined("web-1"))
    const { header } = (yield* hub.run(sessionsOf("alice")))()
    const lost = (port: number) =>
      HubRecorder.pipe(
        Effect.flatMap((recorder) => recorder.open(header)),
        Effect.flip,
        Effect.provide(
          HubRecorder.layer({
            links: Effect.succeed([{ hub: { host: "127.0.0.1", port, tls: false }, trust: HubTrust.Plain() }]),
            token: tokenOf(node),
            ackTimeout: Duration.seconds(3),
          }),
        ),
      )
    expect((yield* lost(hub.port)).message).toBe("the hub failed; its log tells why")
    expect((yield* lost(1)).message).toBe("the hub cannot be reached")
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
)

/** A port that takes connections and says nothing. */
const silentPort = Effect.acquireRelease(
  Effect.async<ReturnType<typeof createServer>>((resume) => {
    const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1", () =>
      resume(Effect.succeed(server)),
    )
  }),
  (server) => Effect.sync(() => server.close()),
).pipe(Effect.map((server) => (server.address() as AddressInfo).port))

it.scopedLive("leaves a hub alone that says nothing, and goes with the hub that a client comes by", () =>
  Effect.gen(function* () {
    const hub = yield* ingestHub(yield* temporaryFolder)
    const node = yield* hub.run(joined("web-1"))
    const session = yield* hub.run(sessionsOf("alice"))
    const [silent, heard] = [yield* silentPort, hub.port].map((port) => ({
      hub: { host: "127.0.0.1", port, tls: false },
      trust: HubTrust.Plain(),
    }))
    if (silent === undefined || heard === undefined) throw new Error("there are two")
    const recorder = HubRecorder.layer({
      links: Effect.succeed([silent, heard]),
      token: tokenOf(node),
      ackTimeout: Duration.seconds(1),
    })
    yield* Effect.gen(function* () {
      const { open } = yield* HubRecorder
      const attempt = Effect.map(open(session().header), ({ opening }) => opening._tag)
      const by = (port: number) => Effect.provideService(attempt, ClientWay, `http://127.0.0.1:${port}`)
      expect(yield* by(heard.hub.port)).toBe("SendFrom")
      expect((yield* Effect.flip(attempt)).message).toBe("the hub confirmed nothing for 1 s")
      expect(yield* attempt).toBe("SendFrom")
      expect((yield* Effect.flip(by(silent.hub.port))).message).toBe("the hub confirmed nothing for 1 s")
    }).pipe(Effect.provide(recorder))
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
)
