import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Layer, Option, type Scope, Stream } from "effect"
import type { NotFound } from "../../api/ApiError.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { RecordingEnd } from "../../recording/End.ts"
import { AppendFile } from "../../session/AppendFile.ts"
import type { FileFailed } from "../../session/FileFailed.ts"
import type { HeldElsewhere } from "../hubs/HeldElsewhere.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { RecordingDelivery } from "../recordings/RecordingDelivery.ts"
import { isDeleted, shareOf } from "../recordings/RecordingRow.ts"
import { Recordings } from "../recordings/Recordings.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { LocalRecordings } from "../storage/LocalRecordings.ts"
import { RecordingStorage, StorageFailed } from "../storage/RecordingStorage.ts"
import type { AdmittedSession } from "./admit.ts"
import type { GrowingRecording } from "./GrowingRecording.ts"
import { isConcluded } from "./KnownSession.ts"
import type { WholeRecording } from "./OpenRecording.ts"
import { PartialRecordings, type Resumed } from "./PartialRecordings.ts"

/** A recording after its End and last seal: SHA-256 of the file, and its size. */
export interface FinishedFile {
  readonly end: RecordingEnd
  readonly digest: Uint8Array
  readonly bytes: number
}

/** A hub that has been silent for so long is not waited for: the agent brings here what it kept. */
const goneAfter = "10 seconds"

type WorkFailed = StorageFailed | FileFailed | HeldElsewhere | SqlError

const make = Effect.gen(function* () {
  const sessions = yield* Sessions
  const recordings = yield* Recordings
  const delivery = yield* RecordingDelivery
  const local = yield* LocalRecordings
  const storage = yield* RecordingStorage
  const partials = yield* PartialRecordings
  const [hubs, sessionHubs] = [yield* Hubs, yield* SessionHubs]

  const conclude = Effect.fn("RecordingWork.conclude")(function* (sessionId: SessionId, finished: FinishedFile) {
    const { digest, bytes, end } = finished
    yield* sessions.ended({
      sessionId,
      end,
      frames: end.frames,
      bytes: end.outputBytes + end.inputBytes,
      recording: { digest: Buffer.from(digest).toString("hex"), bytes },
    })
    const stored = yield* delivery.deliver(sessionId)
    return { _tag: stored ? "Stored" : "Kept", digest, bytes } satisfies WholeRecording
  })

  const whole = Effect.fn("RecordingWork.whole")(function* (sessionId: SessionId) {
    const recording = yield* recordings.get(sessionId)
    const isOver = (row: SessionRow) => isConcluded(row) || Option.exists(recording, isDeleted)
    const row = Option.filter(yield* sessions.get(sessionId), isOver)
    if (Option.isNone(row)) return Option.none<WholeRecording>()
    // It was lost after the session's end, and is being brought anew.
    if (Option.exists(recording, ({ state }) => state === "open")) return Option.none<WholeRecording>()
    const digest = Buffer.from(row.value.recording_digest ?? "", "hex")
    const answer = (_tag: WholeRecording["_tag"]) =>
      Option.some<WholeRecording>({ _tag, digest, bytes: Number(row.value.recording_bytes ?? 0) })
    const isKept = Option.exists(recording, ({ state }) => state === "kept")
    const holder = yield* sessionHubs.holder(sessionId)
    // One that is on the disk of a hub that is gone, the agent has still.
    if (isKept && holder !== hubs.id) {
      return (yield* hubs.isThere(holder, goneAfter)) ? answer("Kept") : Option.none<WholeRecording>()
    }
    if (!isKept || (yield* delivery.deliver(sessionId))) return answer("Stored")
    // One that this hub has lost, the agent has still.
    return (yield* local.has(sessionId)) ? answer("Kept") : Option.none<WholeRecording>()
  })

  /** Copies what is stored back to this hub's disk, if there is anything. */
  const fetch = Effect.fnUntraced(function* (sessionId: SessionId) {
    yield* local.discard(sessionId)
    const stored = yield* storage.open(sessionId)
    if (Option.isNone(stored)) return
    const file = yield* AppendFile.make({ path: local.path(sessionId), position: 0, syncEvery: "1 second" })
    yield* Stream.runForEach(stored.value.from(0), (piece) => {
      file.append(piece)
      return file.ready
    })
    yield* file.flush
  }, Effect.scoped)

  /** Nothing may bring it back, and nothing of it stays here; its agent learns so when it asks again. */
  const deletedMeanwhile = (sessionId: SessionId) =>
    Effect.zipRight(local.discard(sessionId), new StorageFailed({ message: `${sessionId} is being deleted` }))

  const resume = Effect.fn("RecordingWork.resume")(function* (sessionId: SessionId) {
    yield* delivery.withdraw(sessionId)
    const recording = yield* recordings.get(sessionId)
    const isStored = Option.exists(recording, ({ state }) => state === "stored")
    const mayBeStored = Option.exists(recording, ({ state, stored_ms }) => state === "kept" || stored_ms !== null)
    if (isStored || (mayBeStored && !(yield* local.has(sessionId)))) yield* fetch(sessionId)
    const resumed = yield* recordings.resumed(sessionId)
    if (Option.isSome(recording) && Option.isNone(resumed)) return yield* deletedMeanwhile(sessionId)
    const share = Option.flatMap(resumed, shareOf)
    return (yield* local.has(sessionId)) ? yield* partials.resume(sessionId, share) : Option.none<Resumed>()
  })

  const begin = (info: AdmittedSession) =>
    Effect.flatMap(recordings.begun(info.sessionId, partials.encrypts), (share) => partials.begin(info, share))

  return { begin, resume, conclude, whole }
})

/** What is done with a session's recording on this hub; by one at a time for each session. */
export class RecordingWork extends Context.Tag("mezite/auth/RecordingWork")<
  RecordingWork,
  {
    /** A new recording. */
    readonly begin: (
      info: AdmittedSession,
    ) => Effect.Effect<GrowingRecording, FileFailed | HeldElsewhere | SqlError, Scope.Scope>
    /** Goes on with what there is of a recording, be it stored; none where there is nothing of it. */
    readonly resume: (sessionId: SessionId) => Effect.Effect<Option.Option<Resumed>, WorkFailed, Scope.Scope>
    /** Ends a session whose recording is whole, and has that stored. */
    readonly conclude: (
      sessionId: SessionId,
      finished: FinishedFile,
    ) => Effect.Effect<WholeRecording, NotFound | HeldElsewhere | SqlError>
    /** The recording of a session that is over for good, be it deleted; none where it is still wanted. */
    readonly whole: (sessionId: SessionId) => Effect.Effect<Option.Option<WholeRecording>, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<
    RecordingWork,
    never,
    | Sessions
    | Recordings
    | RecordingDelivery
    | LocalRecordings
    | RecordingStorage
    | PartialRecordings
    | Hubs
    | SessionHubs
  > = Layer.effect(RecordingWork, make)
}
