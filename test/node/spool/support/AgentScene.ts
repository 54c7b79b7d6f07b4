import * as fs from "node:fs"
import { join } from "node:path"
import { Duration, Effect, Layer, Logger, LogLevel, Option, Schedule } from "effect"
import { HubTrust } from "../../../../src/api/HubTrust.ts"
import { SessionId } from "../../../../src/domain/Identifiers.ts"
import { HubReturn } from "../../../../src/node/hub/HubReturn.ts"
import { HubRecorder } from "../../../../src/node/recording/HubRecorder.ts"
import { RecordingTerms } from "../../../../src/node/recording/RecordingTerms.ts"
import { RecordedSession } from "../../../../src/node/session/RecordedSession.ts"
import { Spool } from "../../../../src/node/spool/Spool.ts"
import { SpoolUploader } from "../../../../src/node/spool/SpoolUploader.ts"
import { MAGIC, type RecipientKey } from "../../../../src/recording/index.ts"
import { type IngestHubOptions, ingestHub } from "../../../auth/ingest/support/IngestHub.ts"
import { type TestNode, tokenOf } from "../../../auth/ingest/support/TestCall.ts"
import { sessionsOf, type TestSession } from "../../../auth/ingest/support/TestSession.ts"
import { joined } from "../../../auth/support/Fixtures.ts"
import { temporaryFolder } from "../../../auth/support/TestHub.ts"
import { fakeSession } from "../../../session/support/FakeSession.ts"
import { relay } from "./Relay.ts"

const ackTimeout = Duration.seconds(3)

export interface AgentOptions {
  readonly minFree?: number
  /** Whom its spool is encrypted for. */
  readonly recipient?: Option.Option<RecipientKey>
}

/** What an agent records with, and brings to the hub at that port. */
export const agent = (
  directory: string,
  port: number,
  node: TestNode,
  { minFree = 0, recipient = Option.none() }: AgentOptions = {},
) =>
  RecordedSession.layer({ windowBytes: 256 * 1024, recordSecrets: false }).pipe(
    Layer.provide(Layer.succeed(RecordingTerms, { mode: Effect.die("asked"), recipient: Effect.succeed(recipient) })),
    Layer.provideMerge(SpoolUploader.layer),
    Layer.provideMerge(Spool.layer({ directory, minFree, onLocalFailure: "end" })),
    Layer.provideMerge(
      HubRecorder.layer({
        links: Effect.succeed([{ hub: { host: "127.0.0.1", port, tls: false }, trust: HubTrust.Plain() }]),
        token: tokenOf(node),
        ackTimeout,
      }),
    ),
    Layer.provideMerge(HubReturn.layer),
    Layer.provide(Logger.minimumLogLevel(LogLevel.None)),
  )

/** A hub, an agent that is not started yet, and the network between them. */
export const scene = Effect.fnUntraced(function* (options: IngestHubOptions = {}) {
  const hub = yield* ingestHub(yield* temporaryFolder, options)
  const node = yield* hub.run(joined("web-1"))
  const session = yield* hub.run(sessionsOf("alice"))
  const network = yield* relay
  network.leadsTo(hub.port)
  const directory = join(yield* temporaryFolder, "spool")
  fs.mkdirSync(directory)
  const path = ({ info }: TestSession) => join(directory, `${info.sessionId}.rec`)
  /** Leaves a recording as an agent does; `cut`: so many bytes are missing at its end. */
  const leave = (one: TestSession, parts: ReadonlyArray<Uint8Array> = [...one.frames, one.end], cut = 0): void => {
    const bytes = Buffer.concat([MAGIC, one.header, ...parts])
    fs.writeFileSync(path(one), bytes.subarray(0, bytes.length - cut))
  }
  const recipient = Option.map(Option.fromNullable(options.key), (key) => key.recipientKey)
  const start = Effect.suspend(() => Layer.build(agent(directory, network.port, node, { recipient }))).pipe(
    Logger.withMinimumLogLevel(LogLevel.None),
  )
  return { hub, node, session, network, directory, path, leave, start }
})

export const eventually = (isSo: () => boolean) =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.fail(`never: ${isSo}`))).pipe(
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(1000))),
    Effect.orDie,
  )

/** Runs a session all of whose parts the test plays. */
export const run = Effect.fnUntraced(function* (one: TestSession) {
  const fake = yield* fakeSession()
  const sessions = yield* RecordedSession
  const info = { ...one.info, sessionId: SessionId.make(one.info.sessionId) }
  const session = sessions.run(info, fake.client.client, fake.terminal.start, Option.none())
  const fiber = yield* Effect.fork(Effect.either(session))
  return { ...fake, fiber }
}, Logger.withMinimumLogLevel(LogLevel.None))
