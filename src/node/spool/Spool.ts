import * as fs from "node:fs"
import { Array as Arr, Context, Effect, Layer, Option, type Scope } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { RecipientKey } from "../../recording/RecipientKey.ts"
import { type LocalSink, RecordingLost } from "../../session/RecordingSink.ts"
import { type OnLocalFailure, SpoolSink } from "./SpoolSink.ts"
import type { SpoolState } from "./SpoolState.ts"
import { readSpoolState, writeSpoolState } from "./SpoolStateFile.ts"
import { spoolPaths } from "./spoolPaths.ts"

export interface SpoolOptions {
  readonly directory: string
  /** Bytes that must be free for a new recording. */
  readonly minFree: number
  /** What becomes of a session in mode `node` whose recording cannot be written any more; all others end. */
  readonly onLocalFailure: OnLocalFailure
}

/** A recording that nobody writes any more, and that the hub does not have whole. */
export interface SpooledRecording {
  readonly sessionId: SessionId
  readonly path: string
}

/** The recordings on this machine, each a file `SESSION-ID.rec` from its first moment until the hub has all of it. */
export class Spool extends Context.Tag("mezite/node/Spool")<
  Spool,
  {
    /** Those that ran when an earlier agent was killed. */
    readonly cutOff: ReadonlyArray<SessionId>
    /**
     * Begins a session's file, durable with its header; the session is being written for as long as the scope. With a recipient
     * its payloads are encrypted, and once the scope is closed nobody on this machine can read them.
     */
    readonly begin: (
      sessionId: SessionId,
      info: SessionInfo,
      recipient: Option.Option<RecipientKey>,
    ) => Effect.Effect<LocalSink, RecordingLost, Scope.Scope>
    /** Those that wait to be brought to the hub, and whose sessions have ended. */
    readonly waiting: Effect.Effect<ReadonlyArray<SpooledRecording>>
    /** The hub has it. */
    readonly remove: (recording: SpooledRecording) => Effect.Effect<void>
    /** The hub never wants it: it goes to `rejected/`, for people to look at. */
    readonly setAside: (recording: SpooledRecording, reason: string) => Effect.Effect<void>
    /** What is noted of it. */
    readonly stateOf: (recording: SpooledRecording) => Effect.Effect<SpoolState>
    /** Notes what is new, for `mezd spool ls`; where that fails, it is told in the log. */
    readonly note: (recording: SpooledRecording, news: Partial<SpoolState>) => Effect.Effect<void>
    readonly path: (sessionId: SessionId) => string
  }
>() {
  static readonly layer = (options: SpoolOptions): Layer.Layer<Spool> => Layer.effect(Spool, make(options))
}

/** Free bytes that a file which failed needs, to be gone on with. */
const roomToGoOn = 1024 * 1024

const mib = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`

const make = ({ directory, minFree, onLocalFailure }: SpoolOptions) =>
  Effect.sync(() => {
    const paths = spoolPaths(directory)
    fs.mkdirSync(paths.rejected, { recursive: true, mode: 0o700 })
    paths.removeStrayStates()
    const cutOff = paths.recordings().filter((sessionId) => readSpoolState(paths.state(sessionId)).state === "running")
    const writing = new Set<SessionId>()

    const free = Effect.try({
      try: () => {
        const { bavail, bsize } = fs.statfsSync(directory)
        return bavail * bsize
      },
      catch: (cause) => new RecordingLost({ message: `the spool cannot be used: ${(cause as Error).message}`, cause }),
    })

    const checkSpace = Effect.flatMap(free, (free) => {
      if (free >= minFree) return Effect.void
      return new RecordingLost({
        message: `this machine's disk has ${mib(free)} left for recordings, and ${mib(minFree)} must be free: make room in ${directory}`,
      })
    })

    const stateOf = ({ sessionId }: Pick<SpooledRecording, "sessionId">) =>
      Effect.sync(() => readSpoolState(paths.state(sessionId)))

    const change = (sessionId: SessionId, news: Partial<SpoolState>, durable: boolean) =>
      Effect.flatMap(stateOf({ sessionId }), (state) =>
        writeSpoolState(paths.state(sessionId), { ...state, ...news }, { durable }),
      )

    const note = ({ sessionId }: Pick<SpooledRecording, "sessionId">, news: Partial<SpoolState>) =>
      Effect.catchAll(change(sessionId, news, false), ({ message }) => Effect.logWarning(`not noted: ${message}`))

    const remove = ({ sessionId, path }: SpooledRecording) =>
      Effect.sync(() => {
        fs.rmSync(path, { force: true })
        fs.rmSync(paths.state(sessionId), { force: true })
      })

    const begin = Effect.fn("Spool.begin")(function* (
      sessionId: SessionId,
      info: SessionInfo,
      recipient: Option.Option<RecipientKey>,
    ) {
      yield* checkSpace
      const recording = { sessionId, path: paths.recording(sessionId) }
      yield* Effect.acquireRelease(
        Effect.sync(() => writing.add(sessionId)),
        () =>
          Effect.suspend(() =>
            fs.existsSync(recording.path) ? note(recording, { state: "waiting" }) : Effect.void,
          ).pipe(Effect.zipRight(Effect.sync(() => writing.delete(sessionId)))),
      )
      // Before the recording, whose directory is then made durable: from now on it has room on a disk that is full.
      yield* note(recording, { state: "running" })
      // Outlives the sink, which encrypts for as long as it writes.
      const addressed = yield* Effect.acquireRelease(
        Effect.sync(() => Option.map(recipient, (key) => key.address(sessionId))),
        Option.match({ onNone: () => Effect.void, onSome: ({ cipher }) => Effect.sync(() => cipher.forget()) }),
      )
      return yield* SpoolSink.make({
        path: recording.path,
        info,
        addressed,
        syncEvery: "250 millis",
        onFailure: info.mode === "node" ? onLocalFailure : "end",
        retryEvery: "1 second",
        hasRoom: Effect.map(
          Effect.orElseSucceed(free, () => 0),
          (bytes) => bytes >= roomToGoOn,
        ),
        noteTail: (tail) => change(sessionId, { tail }, true),
      }).pipe(Effect.onError(() => remove(recording)))
    })

    return Spool.of({
      cutOff,
      begin,
      waiting: Effect.sync(() =>
        Arr.map(
          paths.recordings().filter((sessionId) => !writing.has(sessionId)),
          (sessionId) => ({ sessionId, path: paths.recording(sessionId) }),
        ),
      ),
      remove,
      setAside: (recording, reason) =>
        Effect.zipRight(
          note(recording, { state: "set_aside", reason, next_attempt_at: null }),
          Effect.sync(() => {
            const aside = paths.setAside(recording.sessionId)
            if (fs.existsSync(paths.state(recording.sessionId))) {
              fs.renameSync(paths.state(recording.sessionId), aside.state)
            }
            fs.renameSync(recording.path, aside.recording)
          }),
        ),
      stateOf,
      note,
      path: paths.recording,
    })
  })
