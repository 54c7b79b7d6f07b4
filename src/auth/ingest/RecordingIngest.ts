import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, type Duration, Effect, FiberMap, Layer, Option, Schedule, type Scope, Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { RecordingMode } from "../../domain/RecordingMode.ts"
import type { RecordingEnd } from "../../recording/End.ts"
import type { NodeIdentity } from "../access/Callers.ts"
import { everySession } from "../access/SessionScope.ts"
import { Users } from "../identities/Users.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { UserAuthority } from "../keys/UserAuthority.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { RecordingStorage, type StorageFailed } from "../storage/RecordingStorage.ts"
import { type AdmittedSession, admit } from "./admit.ts"
import { checkNew } from "./checkNew.ts"
import { decodeEndRequest } from "./decodeEndRequest.ts"
import type { GrowingRecording } from "./GrowingRecording.ts"
import { IngestRefused } from "./IngestRefused.ts"
import { orUnavailable } from "./internal/orUnavailable.ts"
import { agentLost, checkKnown, concluded } from "./KnownSession.ts"
import type { OpenRecording, StoredRecording } from "./OpenRecording.ts"
import { PartialRecordings } from "./PartialRecordings.ts"
import { makeSessionClaims } from "./SessionClaims.ts"

/** Between attempts to end a session that could not be ended, the disk being full or the database away. */
const orphanRetry = "30 seconds"

const denied = (message: string) => new IngestRefused({ reason: "denied", message })

const make = (orphanAfter: Duration.Duration) =>
  Effect.gen(function* () {
    const { clusterName: cluster } = yield* ClusterKeys
    const { verifyCertificate } = yield* UserAuthority
    const sessions = yield* Sessions
    const users = yield* Users
    const storage = yield* RecordingStorage
    const partials = yield* PartialRecordings
    const orphans = yield* FiberMap.make<SessionId>()
    const claims = makeSessionClaims()

    /** Ends a session, its recording being in its place or there being none. */
    const conclude = Effect.fnUntraced(function* (
      info: AdmittedSession,
      ending: { readonly end: RecordingEnd; readonly digest: Uint8Array; readonly bytes: number },
    ) {
      yield* storage.commit(info.sessionId)
      yield* sessions.ended({
        sessionId: info.sessionId,
        end: ending.end,
        frames: ending.end.frames,
        bytes: ending.end.outputBytes + ending.end.inputBytes,
        recording: { digest: Buffer.from(ending.digest).toString("hex"), bytes: ending.bytes },
      })
      return { _tag: "Stored", digest: ending.digest, bytes: ending.bytes } satisfies StoredRecording
    })

    /**
     * Ends a session whose agent is gone, if it is not over. Cut off at any point, it can be done again. `seenMs` is when its
     * agent was last known to have it: it lasted until then, if not until its last frame.
     */
    const endOrphan = Effect.fn("RecordingIngest.endOrphan")(function* (sessionId: SessionId, seenMs: number) {
      const row = yield* sessions.get(sessionId)
      if (Option.isSome(Option.flatMap(row, concluded))) return
      yield* Effect.logWarning(`session ${sessionId} ends: its agent did not come back`)
      const place = yield* storage.place(sessionId)
      if (Option.contains(place, "stored")) {
        if (Option.exists(row, (known) => known.status !== "active")) return
        yield* storage.reopen(sessionId)
      }
      const resumed = Option.isNone(place) ? Option.none() : yield* partials.resume(sessionId)
      if (Option.isNone(resumed)) {
        if (Option.isNone(row)) return
        const lost = agentLost(seenMs - Number(row.value.started_ms))
        yield* sessions.ended({ sessionId, end: lost, frames: 0, bytes: 0, recording: null })
        return
      }
      const { info, recording, end } = resumed.value
      yield* sessions.started(info)
      yield* conclude({ ...info, sessionId }, yield* recording.finish(end ?? agentLost(seenMs - info.startedAtMs)))
    }, Effect.scoped)

    /** Waits for the agent to come back, and ends its session when it doesn't. */
    const orphan = (sessionId: SessionId, seenMs: number) =>
      FiberMap.run(
        orphans,
        sessionId,
        endOrphan(sessionId, seenMs).pipe(
          Effect.tapError((error) => Effect.logError(`session ${sessionId} cannot be ended now`, error)),
          Effect.retry(Schedule.spaced(orphanRetry)),
          Effect.ignore,
          Effect.delay(orphanAfter),
        ),
      )

    const notRecorded = (info: AdmittedSession, leave: Effect.Effect<never, IngestRefused>): OpenRecording => {
      let end: RecordingEnd | undefined
      return {
        _tag: "Open",
        nextSeq: 1,
        accept: (request) => {
          end = decodeEndRequest(request)
          return true
        },
        hasRoom: () => true,
        durableSeq: () => 0,
        onDurable: () => {},
        failure: leave,
        finish: Effect.suspend(() =>
          sessions.ended({ sessionId: info.sessionId, end: end ?? agentLost(0), frames: 0, bytes: 0, recording: null }),
        ).pipe(orUnavailable, Effect.as({ _tag: "Stored", digest: new Uint8Array(0), bytes: 0 })),
      }
    }

    const recorded = (
      info: AdmittedSession,
      growing: GrowingRecording,
      leave: Effect.Effect<never, IngestRefused>,
    ): OpenRecording => ({
      _tag: "Open",
      nextSeq: growing.nextSeq,
      accept: (request) => growing.accept(request),
      hasRoom: () => growing.hasRoom,
      durableSeq: () => growing.durableSeq,
      onDurable: (listener) => growing.onDurable(listener),
      failure: Effect.raceFirst(growing.failure, leave),
      finish: Effect.uninterruptible(
        orUnavailable(Effect.flatMap(growing.finish(agentLost(0)), (ending) => conclude(info, ending))),
      ),
    })

    const growing = Effect.fnUntraced(function* (info: AdmittedSession) {
      const resumed = yield* partials.resume(info.sessionId)
      if (Option.isNone(resumed)) return yield* partials.begin(info)
      const { info: known, recording } = resumed.value
      const same = known.node === info.node && known.user === info.user && known.login === info.login
      return same ? recording : yield* denied("this session's recording was begun by somebody else")
    })

    const open = Effect.fn("RecordingIngest.open")(function* (node: NodeIdentity, request: Uint8Array) {
      const info = yield* admit(request, { node, cluster, verifyCertificate })
      const { sessionId } = info
      const leave = yield* claims.claim(sessionId, node.id)
      const known = yield* sessions.get(sessionId)
      yield* checkKnown(info, known)
      if (Option.isNone(known) && Option.isNone(yield* storage.place(sessionId))) {
        yield* checkNew(info, (user) => Effect.map(users.find(user), Option.isSome))
      }
      // Its orphan, if it is one, may be ended this very moment: what became of it is known when that has stopped.
      yield* Effect.acquireRelease(FiberMap.remove(orphans, sessionId), () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => orphan(sessionId, now)),
      )
      const done = Option.flatMap(yield* sessions.get(sessionId), concluded)
      if (Option.isSome(done)) return done.value
      const recording = info.mode === "off" ? notRecorded(info, leave) : recorded(info, yield* reopened(info), leave)
      yield* sessions.started(info)
      return recording
    }, orUnavailable)

    const reopened = Effect.fnUntraced(function* (info: AdmittedSession) {
      const place = yield* storage.place(info.sessionId)
      if (Option.contains(place, "stored")) yield* storage.reopen(info.sessionId)
      return Option.isNone(place) ? yield* partials.begin(info) : yield* growing(info)
    })

    /** Sessions that an earlier run of the hub left unfinished wait for their agents too. */
    const now = yield* Clock.currentTimeMillis
    // A live stream ended with that run, at its last frame as far as anybody knows; other sessions may have gone on.
    const seenMs = (mode: RecordingMode) => (mode === "node-sync" ? 0 : now)
    for (const sessionId of yield* storage.partials) yield* orphan(sessionId, 0)
    yield* sessions
      .list({ scope: everySession, active: true, user: null, node: null, sinceMs: null })
      .pipe(Stream.runForEach(({ session_id, mode }) => orphan(session_id, seenMs(mode))))

    return { open }
  })

/** Takes recordings in, live or after the fact, from nodes that are known; what is acknowledged is durable. */
export class RecordingIngest extends Context.Tag("mezite/auth/RecordingIngest")<
  RecordingIngest,
  {
    /**
     * Begins or goes on with the recording whose header is the first request's. When its scope closes before `finish`, the
     * session waits `orphanAfter` for its agent, and is then ended as interrupted.
     */
    readonly open: (
      node: NodeIdentity,
      request: Uint8Array,
    ) => Effect.Effect<OpenRecording | StoredRecording, IngestRefused, Scope.Scope>
  }
>() {
  static readonly layer = (
    orphanAfter: Duration.Duration,
  ): Layer.Layer<
    RecordingIngest,
    SqlError | StorageFailed,
    ClusterKeys | UserAuthority | Users | Sessions | RecordingStorage | PartialRecordings
  > => Layer.scoped(RecordingIngest, make(orphanAfter))
}
