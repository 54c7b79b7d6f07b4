import { expect, it } from "@effect/vitest"
import { Duration, Effect, Logger, LogLevel } from "effect"
import { HubTrust } from "../../../src/api/HubTrust.ts"
import { HubRecorder } from "../../../src/node/recording/HubRecorder.ts"
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
