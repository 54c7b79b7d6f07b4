import * as fs from "node:fs"
import { join } from "node:path"
import { Array as Arr, Context, Effect, Layer, type Scope } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { recordingFileName, sessionOfFileName } from "../../domain/RecordingFileName.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import * as FileSink from "../../session/FileSink.ts"
import { type LocalSink, RecordingLost } from "../../session/RecordingSink.ts"

export interface SpoolOptions {
  readonly directory: string
  /** Bytes that must be free for a new recording. */
  readonly minFree: number
}

/** A recording that nobody writes any more, and that the hub does not have whole. */
export interface SpooledRecording {
  readonly sessionId: SessionId
  readonly path: string
}

/** The recordings on this machine, each a file `SESSION-ID.rec` from its first moment until the hub has all of it. */
export class Spool extends Context.Tag("mezite/agent/Spool")<
  Spool,
  {
    /** Begins a session's file, durable with its header; the session is being written for as long as the scope. */
    readonly begin: (sessionId: SessionId, info: SessionInfo) => Effect.Effect<LocalSink, RecordingLost, Scope.Scope>
    /** Those that wait to be brought to the hub. */
    readonly waiting: Effect.Effect<ReadonlyArray<SpooledRecording>>
    /** The hub has it. */
    readonly remove: (recording: SpooledRecording) => Effect.Effect<void>
    /** The hub never wants it: it goes to `rejected/`, for people to look at. */
    readonly setAside: (recording: SpooledRecording) => Effect.Effect<void>
    readonly path: (sessionId: SessionId) => string
  }
>() {
  static readonly layer = (options: SpoolOptions): Layer.Layer<Spool> => Layer.effect(Spool, make(options))
}

const make = ({ directory, minFree }: SpoolOptions) =>
  Effect.sync(() => {
    const rejected = join(directory, "rejected")
    fs.mkdirSync(rejected, { recursive: true, mode: 0o700 })
    const writing = new Set<SessionId>()
    const path = (sessionId: SessionId) => join(directory, recordingFileName(sessionId))

    const free = Effect.try({
      try: () => {
        const { bavail, bsize } = fs.statfsSync(directory)
        return bavail * bsize
      },
      catch: (cause) => new RecordingLost({ message: `the spool cannot be used: ${(cause as Error).message}`, cause }),
    })

    const checkSpace = Effect.flatMap(free, (free) => {
      if (free >= minFree) return Effect.void
      const mib = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`
      return new RecordingLost({
        message: `this machine's disk has ${mib(free)} left for recordings, and ${mib(minFree)} must be free: make room in ${directory}`,
      })
    })

    return Spool.of({
      begin: Effect.fn("Spool.begin")(function* (sessionId, info) {
        yield* checkSpace
        yield* Effect.acquireRelease(
          Effect.sync(() => writing.add(sessionId)),
          () => Effect.sync(() => writing.delete(sessionId)),
        )
        return yield* FileSink.make({ path: path(sessionId), info, syncEvery: "250 millis" })
      }),
      waiting: Effect.sync(() =>
        Arr.filterMap(fs.readdirSync(directory), sessionOfFileName)
          .filter((sessionId) => !writing.has(sessionId))
          .map((sessionId) => ({ sessionId, path: path(sessionId) })),
      ),
      remove: (recording) => Effect.sync(() => fs.rmSync(recording.path, { force: true })),
      setAside: (recording) =>
        Effect.sync(() => fs.renameSync(recording.path, join(rejected, recordingFileName(recording.sessionId)))),
      path,
    })
  })
