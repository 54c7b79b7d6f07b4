import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { Context, Duration, Effect, Either, Layer, Logger, LogLevel, Option, Redacted, type Scope } from "effect"
import { HubTrust } from "../../../../src/api/HubTrust.ts"
import type { Heartbeat } from "../../../../src/api/transport/Heartbeat.ts"
import { layerAuthServices } from "../../../../src/auth/AuthServices.ts"
import { Hubs } from "../../../../src/auth/hubs/Hubs.ts"
import { ownHubId } from "../../../../src/auth/hubs/ownHubId.ts"
import { PeerRecordings } from "../../../../src/auth/hubs/PeerRecordings.ts"
import * as GrpcIngest from "../../../../src/auth/ingest/GrpcIngest.ts"
import { PartialRecordings } from "../../../../src/auth/ingest/PartialRecordings.ts"
import { RecordingIngest } from "../../../../src/auth/ingest/RecordingIngest.ts"
import { RecordingWork } from "../../../../src/auth/ingest/RecordingWork.ts"
import { SpoolKeys } from "../../../../src/auth/ingest/SpoolKeys.ts"
import { ClusterKeys } from "../../../../src/auth/keys/ClusterKeys.ts"
import { HubFacts } from "../../../../src/auth/keys/HubFacts.ts"
import { RecordingDeletion } from "../../../../src/auth/recordings/RecordingDeletion.ts"
import { RecordingDelivery } from "../../../../src/auth/recordings/RecordingDelivery.ts"
import { Recordings } from "../../../../src/auth/recordings/Recordings.ts"
import { Sessions } from "../../../../src/auth/sessions/Sessions.ts"
import * as Filesystem from "../../../../src/auth/storage/Filesystem.ts"
import { LocalRecordings } from "../../../../src/auth/storage/LocalRecordings.ts"
import { RecordingStorage, type StorageFailed } from "../../../../src/auth/storage/RecordingStorage.ts"
import * as StoredRecordings from "../../../../src/auth/storage/StoredRecordings.ts"
import { KeyRing, type MasterKey, SigningKey } from "../../../../src/recording/index.ts"
import { layerCheapPasswords, testConnections } from "../../support/TestHub.ts"
import { databaseIn } from "../../support/testDatabase.ts"

/** Where a hub may be struck down: before or after a step, which is then as if the process had been killed there. */
export type Step = "started" | "ended" | "put" | "stored"
export type CrashPoint = `${"before" | "after"} ${Step}`

export interface IngestHubOptions {
  readonly orphanAfter?: Duration.Duration
  readonly key?: MasterKey
  readonly oldKeys?: ReadonlyArray<MasterKey>
  /** The folder whose database it uses, if not its own. */
  readonly database?: string
  /** Where recordings are kept, if not in the hub's own folder. */
  readonly storage?: Layer.Layer<RecordingStorage, StorageFailed>
  /** The first time that it comes there. */
  readonly crashAt?: CrashPoint
  readonly connections?: Heartbeat
  readonly strangerLimitMs?: number
}

/** Strikes the hub down, once. */
const crasher = (crashAt: CrashPoint | undefined) => {
  let armed = crashAt
  const strike = (point: CrashPoint) =>
    Effect.suspend(() => {
      if (armed !== point) return Effect.void
      armed = undefined
      // What is done in the background would be tried again: it goes on no more, as in a process that is dead.
      return /put|stored/.test(point) ? Effect.interruptible(Effect.never) : Effect.dieMessage(`killed ${point}`)
    })
  const at = <A, E, R>(step: Step, effect: Effect.Effect<A, E, R>) =>
    strike(`before ${step}`).pipe(
      Effect.zipRight(effect),
      Effect.tap(() => strike(`after ${step}`)),
    )
  return { at, struck: () => armed === undefined }
}

const layerHub = (
  folder: string,
  { orphanAfter, key, oldKeys, storage: elsewhere, database = folder }: IngestHubOptions,
  { at }: ReturnType<typeof crasher>,
) => {
  const keyRing = Redacted.make(new KeyRing(key, oldKeys))
  const partials = Layer.unwrapEffect(
    Effect.map(ClusterKeys, ({ recordingKeys: [newest] }) => {
      const signer = Either.getOrThrow(SigningKey.fromKeyObject(Redacted.value(newest.privateKey)))
      return PartialRecordings.layer({ signer, publicKeys: [signer.publicKey], keyRing })
    }),
  )
  const directory = join(folder, "recordings")
  const storage = Layer.effect(
    RecordingStorage,
    Effect.map(RecordingStorage, (real) => ({ ...real, put: (recording) => at("put", real.put(recording)) })),
  ).pipe(Layer.provide(elsewhere ?? Filesystem.layer(directory)))
  const recordings = Layer.effect(
    Recordings,
    Effect.map(Recordings, (real) => ({ ...real, stored: (id, digest) => at("stored", real.stored(id, digest)) })),
  )
  const sessions = Layer.effect(
    Sessions,
    Effect.map(Sessions, (real) => ({
      ...real,
      started: (info) => at("started", real.started(info)),
      ended: (session) => at("ended", real.ended(session)),
    })),
  )
  return RecordingIngest.layer(orphanAfter ?? Duration.hours(1)).pipe(
    Layer.provideMerge(Layer.merge(RecordingWork.layer, SpoolKeys.layer(keyRing))),
    Layer.provideMerge(
      Layer.mergeAll(partials, StoredRecordings.layer(keyRing), RecordingDelivery.layer, RecordingDeletion.layer),
    ),
    Layer.provideMerge(
      Layer.mergeAll(
        LocalRecordings.layer(directory),
        storage,
        sessions,
        recordings,
        PeerRecordings.layer(() => HubTrust.Plain()),
      ),
    ),
    Layer.provideMerge(layerAuthServices(Option.some("test"), layerCheapPasswords)),
    Layer.provideMerge(Layer.unwrapEffect(Effect.map(ownHubId(join(folder, "hub-id")), Hubs.layer))),
    Layer.provideMerge(
      Layer.mergeAll(
        testConnections().layer,
        databaseIn(database),
        Layer.succeed(HubFacts, { version: "1.2.3", sshPort: Effect.succeed(3023) }),
      ),
    ),
  )
}

/** A port that speaks gRPC without TLS, and its connections, which the test may cut. */
const serve = Effect.fnUntraced(function* ({ connections, strangerLimitMs }: IngestHubOptions) {
  const { accept } = yield* GrpcIngest.make(connections, strangerLimitMs)
  const sockets = new Set<Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const listening = createServer((socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
        socket.on("error", () => socket.destroy())
        accept(socket)
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.async<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        listening.close(() => resume(Effect.void))
      }),
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { port, cut: (): void => sockets.forEach((socket) => void socket.destroy()) }
})

type Services = Layer.Layer.Success<ReturnType<typeof layerHub>>

/** A hub that takes recordings in, on the state that is in `folder`. Closing its scope is its end. */
export const ingestHub = Effect.fnUntraced(function* (folder: string, options: IngestHubOptions = {}) {
  const crash = crasher(options.crashAt)
  const services = yield* Layer.build(layerHub(folder, options, crash))
  const { port, cut } = yield* Effect.provide(serve(options), services)
  const publicKeys = Context.get(services, ClusterKeys).recordingKeys.map(
    ({ privateKey }) => Either.getOrThrow(SigningKey.fromKeyObject(Redacted.value(privateKey))).publicKey,
  )
  return {
    port,
    cut,
    /** Whether it has been struck down. */
    struck: crash.struck,
    publicKeys,
    recordings: join(folder, "recordings"),
    run: <A, E, R extends Services | Scope.Scope>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, services),
  }
}, Logger.withMinimumLogLevel(LogLevel.None))

export type IngestHub = Effect.Effect.Success<ReturnType<typeof ingestHub>>
