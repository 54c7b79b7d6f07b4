import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Option, Redacted, Stream, TestClock } from "effect"
import { layerAuthServices } from "../../../src/auth/AuthServices.ts"
import { Enforcement } from "../../../src/auth/enforcement/Enforcement.ts"
import { Hubs } from "../../../src/auth/hubs/Hubs.ts"
import { Passwords } from "../../../src/auth/identities/Passwords.ts"
import { SpoolKeys } from "../../../src/auth/ingest/SpoolKeys.ts"
import { HubFacts } from "../../../src/auth/keys/HubFacts.ts"
import { OnlineNodes } from "../../../src/auth/nodes/OnlineNodes.ts"
import { RecordingDeletion } from "../../../src/auth/recordings/RecordingDeletion.ts"
import { RecordingStore } from "../../../src/auth/sessions/RecordingStore.ts"
import * as Filesystem from "../../../src/auth/storage/Filesystem.ts"
import { HubId, type NodeId, type UserName } from "../../../src/domain/Identifiers.ts"
import type { Lock } from "../../../src/domain/Lock.ts"
import { KeyRing } from "../../../src/recording/index.ts"
import { masterKey } from "../../support/recordings.ts"
import { databaseIn } from "./testDatabase.ts"

/** A folder of the test's own, removed with its scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mezite-auth-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
)

/** A real database of the test's own: SQLite, or PostgreSQL in the project of that name. */
export const layerTestDatabase = Layer.unwrapScoped(Effect.map(temporaryFolder, databaseIn))

/** Who the test says is connected, and what became of it. */
export const testConnections = () => {
  const online = new Set<NodeId>()
  const users = new Map<UserName, number>()
  const held: Array<ReadonlyArray<Lock>> = []
  const done: Array<string> = []
  const note = (what: string) => Effect.sync(() => void done.push(what))
  const nodes = Effect.sync(() => new Set(online))
  const layer = Layer.merge(
    Layer.succeed(OnlineNodes, { online: nodes }),
    Layer.succeed(Enforcement, {
      connected: Effect.map(nodes, (nodes) => ({ users: new Map(users), nodes })),
      hold: (locks) => Effect.sync(() => void held.push(locks)),
      cutUser: (user, reason) => note(`user ${user}: ${reason}`),
      cutNode: (id) => note(`node ${id}`),
      endSession: (node, id, reason) => note(`session ${id} on ${node}: ${reason}`),
    }),
  )
  return { online, users, held, done, layer }
}

/** A hub that was never there before. */
export const layerNewHub = Layer.suspend(() => Hubs.layer(HubId.make(randomUUID())))

/** Recordings whose bytes are the session's id; to those who follow one, its session runs for ever. */
export const layerTestRecordings = Layer.succeed(RecordingStore, {
  read: (id, { sealed }) => Stream.make(Buffer.from(sealed ? "sealed:" : "clear:"), Buffer.from(id)),
  follow: (id) => Stream.concat(Stream.make(Buffer.from(`followed:${id}`)), Stream.never),
})

/** A folder where recordings are kept. */
export const layerTestStorage = Layer.unwrapScoped(Effect.map(temporaryFolder, Filesystem.layer))

/** scrypt at a cost that doesn't hold the tests up. */
export const layerCheapPasswords = Passwords.layerCost({ N: 1024, r: 8, p: 1 })

/** When the tests' clock begins; certificates know no time before 1970, and begin a minute early. */
export const testEpochMs = 1_700_000_000_000

/** Every service of the auth part, and the database under it, by the real clock. */
export const layerLiveHub = (connections: Layer.Layer<OnlineNodes | Enforcement> = testConnections().layer) =>
  RecordingDeletion.layer.pipe(
    Layer.provideMerge(layerAuthServices(Option.some("test"), layerCheapPasswords)),
    Layer.provideMerge(layerNewHub),
    Layer.provideMerge(
      Layer.mergeAll(
        layerTestDatabase,
        layerTestStorage,
        connections,
        layerTestRecordings,
        SpoolKeys.layer(Redacted.make(new KeyRing(masterKey))),
        Layer.succeed(HubFacts, { version: "1.2.3", sshPort: Effect.succeed(3023) }),
      ),
    ),
  )

/** `layerLiveHub` by the tests' clock. */
export const layerTestHub = (connections?: Layer.Layer<OnlineNodes | Enforcement>) =>
  Layer.provideMerge(layerLiveHub(connections), Layer.effectDiscard(TestClock.setTime(testEpochMs)))
