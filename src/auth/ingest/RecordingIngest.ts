import type { SqlError } from "@effect/sql/SqlError"

import { Clock, Context, Duration, Effect, FiberMap, Layer, Option, Schedule, type Scope } from "effect"
import type { NodeId, SessionId } from "../../domain/Identifiers.ts"
import type { RecordingMode } from "../../domain/RecordingMode.ts"

import type { RecordingEnd } from "../../recording/End.ts"
import type { RecordingHeader } from "../../recording/Header.ts"
import type { PayloadDecryption } from "../../recording/PayloadDecryption.ts"
import type { NodeIdentity } from "../access/Callers.ts"
import type { Hubs } from "../hubs/Hubs.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { Users } from "../identities/Users.ts"
import { blobIssuedAtMs } from "../keys/CertificateTimes.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { UserAuthority } from "../keys/UserAuthority.ts"

import { Locks } from "../locks/Locks.ts"
import { Nodes } from "../nodes/Nodes.ts"
import type { Recordings } from "../recordings/Recordings.ts"

import { Sessions } from "../sessions/Sessions.ts"
import { LocalRecordings } from "../storage/LocalRecordings.ts"
import type { StorageFailed } from "../storage/RecordingStorage.ts"
import { type AdmittedSession, admit } from "./admit.ts"
import { checkNew } from "./checkNew.ts"
import { decodeEndRequest } from "./decodeEndRequest.ts"
import { endAbandoned } from "./endAbandoned.ts"
import type { GrowingRecording } from "./GrowingRecording.ts"
import { IngestRefused } from "./IngestRefused.ts"
import { makeLiveStreams } from "./internal/LiveStreams.ts"
import { orUnavailable } from "./internal/orUnavailable.ts"
import { agentLost, checkKnown } from "./KnownSession.ts"
import type { OpenRecording, WholeRecording } from "./OpenRecording.ts"
import { orphanEnding } from "./orphanEnding.ts"
import { RecordingWork } from "./RecordingWork.ts"
import { makeSessionClaims } from "./SessionClaims.ts"
import { SpoolKeys } from "./SpoolKeys.ts"

/** Between attempts to end a session that could not be ended, the disk being full or the database away. */
const orphanRetry = "30 seconds"

const denied = (message: string) => new IngestRefused({ reason: "denied", message })

const stopping = new IngestRefused({ reason: "unavailable", message: "the hub is stopping" })

const removed = denied("this node was removed from the cluster")

const make = (orphanAfter: Duration.Duration) =>
  Effect.gen(function* () {
    const { clusterName: cluster } = yield* ClusterKeys
    const { verifyCertificate } = yield* UserAuthority
    const sessions = yield* Sessions
    const users = yield* Users
    const [nodes, locks] = [yield* Nodes, yield* Locks]
    const [local, spoolKeys] = [yield* LocalRecordings, yield* SpoolKeys]
    const work = yield* RecordingWork
    const endOrphan = yield* orphanEnding
    const orphans = yield* FiberMap.make<SessionId>()
    const claims = makeSessionClaims()
    const hubs = yield* SessionHubs
    const live = makeLiveStreams()
    /** Those that are being sent. */
    const running = new Set<SessionId>()

    /** Nobody comes back of a node that was removed. */
    const patience = (node: NodeId) =>
      nodes.find(node).pipe(
        Effect.map(Option.match({ onNone: () => Duration.zero, onSome: () => orphanAfter })),
        Effect.orElseSucceed(() => orphanAfter),
      )

    /** Waits for the agent to come back, and ends its session when it doesn't. */
    const orphan = (sessionId: SessionId, seenMs: number, wait = Effect.succeed(orphanAfter)) =>
      FiberMap.run(
        orphans,
        sessionId,
        endOrphan(sessionId, seenMs).pipe(
          Effect.tapError((error) =>
            // It may need what this hub has, until its recording is in its place.
            error._tag === "HeldElsewhere"
              ? Effect.logDebug(error.message)
              : Effect.logError(`session ${sessionId} cannot be ended now`, error),
          ),
          Effect.retry(Schedule.spaced(orphanRetry)),
          Effect.ignore,
          (ending) => Effect.zipRight(Effect.flatMap(wait, Effect.sleep), ending),
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
      decryption: PayloadDecryption | undefined,
      leave: Effect.Effect<never, IngestRefused>,
    ): OpenRecording => ({
      _tag: "Open",
      nextSeq: growing.nextSeq,
      accept: (request) => growing.accept(request, decryption),
      hasRoom: () => growing.hasRoom,
      durableSeq: () => growing.durableSeq,
      onDurable: (listener) => growing.onDurable(listener),
      failure: Effect.raceFirst(growing.failure, leave),
      finish: Effect.uninterruptible(
        orUnavailable(
          Effect.flatMap(growing.finish(agentLost(0)), (finished) => work.conclude(info.sessionId, finished)),
        ),
      ),
    })

    const growing = Effect.fnUntraced(function* (info: AdmittedSession) {
      const resumed = yield* work.resume(info.sessionId)
      if (Option.isNone(resumed)) return yield* work.begin(info)
      const { info: known, recording } = resumed.value
      const same = known.node === info.node && known.user === info.user && known.login === info.login
      return same ? recording : yield* denied("this session's recording was begun by somebody else")
    })

    const decryptionOf = ({ sessionId, node }: AdmittedSession, header: RecordingHeader) =>
      Effect.tapError(spoolKeys.decryption(header), ({ message }) =>
        Effect.logWarning(`the recording of session ${sessionId} stays on ${node}: ${message}`),
      )

    const open = Effect.fn("RecordingIngest.open")(function* (node: NodeIdentity, request: Uint8Array) {
      const { info, header } = yield* admit(request, { node, cluster, verifyCertificate })
      if (info.mode === "node-sync") yield* live.hold
      const { sessionId } = info
      // Before it is claimed: nobody stands in the way of a session that is another's.
      yield* Effect.flatMap(sessions.get(sessionId), (row) => checkKnown(info, row))
      const leave = yield* claims.claim(sessionId, node.id)
      // It may have been removed since it was authenticated: whoever expels it now finds its claim.
      if (Option.isNone(yield* nodes.find(node.id))) return yield* removed
      const known = yield* sessions.get(sessionId)
      yield* checkKnown(info, known)
      if (Option.isNone(known) && !(yield* local.has(sessionId))) {
        if (info.mode === "node-sync" && live.closed()) return yield* stopping
        yield* checkNew(info, {
          isUser: ({ user, userCertificate }) =>
            Effect.map(
              users.find(user),
              Option.exists(({ credentialsSinceMs }) => blobIssuedAtMs(userCertificate) > credentialsSinceMs),
            ),
          lockOn: locks.on,
        })
      }
      // Its orphan, if it is one, may be ended this very moment: what became of it is known when that has stopped.
      yield* Effect.acquireRelease(FiberMap.remove(orphans, sessionId), () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => orphan(sessionId, now, patience(node.id))),
      )
      const whole = yield* work.whole(sessionId)
      if (Option.isSome(whole)) return whole.value
      const decryption = yield* decryptionOf(info, header)
      yield* hubs.take(sessionId)
      const recording =
        info.mode === "off" ? notRecorded(info, leave) : recorded(info, yield* growing(info), decryption, leave)
      yield* sessions.started(info)
      yield* Effect.acquireRelease(
        Effect.sync(() => running.add(sessionId)),
        () => Effect.sync(() => running.delete(sessionId)),
      )
      return recording
    }, orUnavailable)

    /** Sessions that an earlier run of the hub left unfinished wait for their agents too. */
    const now = yield* Clock.currentTimeMillis
    // A live stream ended with that run, at its last frame as far as anybody knows; other sessions may have gone on.
    const seenMs = (mode: RecordingMode) => (mode === "node-sync" ? 0 : now)
    for (const sessionId of yield* local.all) yield* orphan(sessionId, 0)
    for (const { session_id, mode } of yield* sessions.activeHere) yield* orphan(session_id, seenMs(mode))
    yield* endAbandoned(
      orphanAfter,
      Effect.sync(() => [...running]),
    )

    return { open, close: live.close, idle: live.idle, expel: (node: NodeId) => claims.expel(node, removed) }
  })

/** Takes recordings in, live or after the fact, from nodes that are known; what is acknowledged is durable. */
export class RecordingIngest extends Context.Tag("mezite/auth/RecordingIngest")<
  RecordingIngest,
  {
    /**
     * Begins or goes on with the recording whose header is the first request's. When its scope closes before `finish`, the
     * session waits `orphanAfter` for its agent, and is then ended as interrupted; at once where its node was removed.
     */
    readonly open: (
      node: NodeIdentity,
      request: Uint8Array,
    ) => Effect.Effect<OpenRecording | WholeRecording, IngestRefused, Scope.Scope>
    /** From now on no live recording begins. */
    readonly close: Effect.Effect<void>
    /** Completes when no recording of a session in mode `node-sync` is being sent. */
    readonly idle: Effect.Effect<void>
    /** Ends the streams of a node that was removed. */
    readonly expel: (node: NodeId) => Effect.Effect<void>
  }
>() {
  static readonly layer = (
    orphanAfter: Duration.Duration,
  ): Layer.Layer<
    RecordingIngest,
    SqlError | StorageFailed,
    | ClusterKeys
    | UserAuthority
    | Users
    | Nodes
    | Locks
    | Sessions
    | Recordings
    | LocalRecordings
    | RecordingWork
    | Hubs
    | SessionHubs
    | SpoolKeys
  > => Layer.scoped(RecordingIngest, make(orphanAfter))
}
