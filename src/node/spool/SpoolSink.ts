import * as fs from "node:fs"
import { type Duration, Effect, ExecutionStrategy, Exit, Option, Scope } from "effect"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { encodeEndEntry, type RecordingEnd } from "../../recording/End.ts"
import { MAGIC } from "../../recording/EntrySplitter.ts"
import { encodeHeaderEntry } from "../../recording/Header.ts"
import type { Addressed } from "../../recording/RecipientKey.ts"
import { AppendFile } from "../../session/AppendFile.ts"
import type { FileFailed } from "../../session/FileFailed.ts"
import { type LocalSink, RecordingLost } from "../../session/RecordingSink.ts"
import type { RecordedFrame } from "../../session/SessionRecorder.ts"
import { SpoolFrames } from "./internal/SpoolFrames.ts"
import { truncatedEnd } from "./lostFrames.ts"
import type { SpoolTail } from "./SpoolState.ts"

/** What a session does whose recording cannot be written any more: it ends with it, or goes on with a gap. */
export type OnLocalFailure = "end" | "continue"

export interface SpoolSinkOptions {
  /** A new file. */
  readonly path: string
  readonly info: SessionInfo
  /** What its payloads are encrypted with; none: they are in clear. */
  readonly addressed: Option.Option<Addressed>
  /** How long written bytes may wait to be made durable. */
  readonly syncEvery: Duration.DurationInput
  readonly onFailure: OnLocalFailure
  /** Between attempts to go on with a file that failed. */
  readonly retryEvery: Duration.DurationInput
  /** Whether there is room to go on. */
  readonly hasRoom: Effect.Effect<boolean>
  /** Keeps durably how the recording goes on behind its file; null where the file has all of it. */
  readonly noteTail: (tail: SpoolTail | null) => Effect.Effect<void, FileFailed>
}

const unwritten = ({ message }: { readonly message: string }) =>
  new RecordingLost({ message: `the recording cannot be written: ${message}` })

/** The longest reason of an End that is kept beside its file. */
const longestReason = 200

const keptEnd = (end: RecordingEnd): string =>
  Buffer.from(encodeEndEntry({ ...end, reason: end.reason.slice(0, longestReason) })).toString("base64")

/**
 * Records to a file in the spool, without seals, and encrypted where there is somebody to encrypt for.
 *
 * Where the file fails, what is not durable in it counts as lost and is cut off. With `end` the sink has failed. With
 * `continue` it goes on as soon as the file can be written again, with a `gap` frame for what was lost. What the file
 * lacks at the end, its End too, is noted beside it, so that nothing is missing unseen: `finish` fails only where frames are
 * missing with `end`, or where even that cannot be noted.
 */
export class SpoolSink implements LocalSink {
  readonly #options: SpoolSinkOptions
  readonly #files: Scope.Scope
  readonly #frames: SpoolFrames
  readonly #one = Effect.unsafeMakeSemaphore(1)
  #scope: Scope.CloseableScope
  #ending = false

  private constructor(options: SpoolSinkOptions, files: Scope.Scope, scope: Scope.CloseableScope, file: AppendFile) {
    this.#options = options
    this.#files = files
    this.#scope = scope
    this.#frames = new SpoolFrames(
      file,
      Option.map(options.addressed, ({ cipher }) => cipher),
    )
    this.failure = options.onFailure === "end" ? Effect.mapError(file.durable.failure, unwritten) : Effect.never
  }

  /** Begins a file, whose header is durable then; it is written for as long as the scope. */
  static readonly make = Effect.fn("SpoolSink.make")(function* (options: SpoolSinkOptions) {
    // All files in one scope, which is closed after whoever repairs them has stopped.
    const files = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const scope = yield* Scope.fork(files, ExecutionStrategy.sequential)
    const file = yield* Scope.extend(AppendFile.make({ ...options, position: 0, writes: "inCall" }), scope)
    file.append(MAGIC)
    const encryption = Option.map(options.addressed, ({ encryption }) => ({ encryption }))
    file.append(encodeHeaderEntry({ info: options.info, deflate: true, ...Option.getOrElse(encryption, () => ({})) }))
    yield* file.flush
    const sink = new SpoolSink(options, files, scope, file)
    if (options.onFailure === "continue") yield* Effect.forkScoped(sink.#repairing)
    return sink
  }, Effect.mapError(unwritten))

  readonly failure: Effect.Effect<never, RecordingLost>

  readonly ready: Effect.Effect<void> = Effect.suspend(() => Effect.ignore(this.#frames.file.ready))

  offer(recorded: RecordedFrame): void {
    this.#frames.offer(recorded)
  }

  keep(): boolean {
    return (!this.#frames.broken && this.#frames.file.keep()) || this.#options.onFailure === "continue"
  }

  finish(end: RecordingEnd): Effect.Effect<void, RecordingLost> {
    return Effect.gen(this, function* () {
      this.#ending = true
      const frames = this.#frames
      if (frames.broken) yield* this.#tryAgain
      if (!frames.broken) {
        const written = yield* Effect.either(this.#write(end))
        if (written._tag === "Right") return
        yield* this.#broken(written.left)
      }
      const { lost } = frames.tail
      yield* Effect.mapError(this.#note({ ...frames.tail, end: keptEnd(this.#told(end)) }), unwritten)
      if (this.#options.onFailure === "end" && lost.frames > 0) return yield* unwritten({ message: lost.reason })
    }).pipe(this.#one.withPermits(1))
  }

  /** What the End says of a file with gaps in it. */
  #told(end: RecordingEnd): RecordingEnd {
    const { gaps, count } = this.#frames
    return gaps === undefined ? end : truncatedEnd(end, gaps, count)
  }

  #write(end: RecordingEnd): Effect.Effect<void, FileFailed> {
    const { file } = this.#frames
    file.append(encodeEndEntry(this.#told(end)))
    return file.flush
  }

  #note(tail: SpoolTail | null): Effect.Effect<void, FileFailed> {
    return Effect.tapError(this.#options.noteTail(tail), (error) =>
      Effect.logError("what is lost cannot be noted", error),
    )
  }

  #broken(error: FileFailed): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      this.#frames.fail(error.message)
      yield* Effect.logError(`the recording lacks something from here on: ${error.message}`)
      yield* Scope.close(this.#scope, Exit.void)
      // Cut off, so that nobody takes it for whole; where even that fails, the note tells how far the file holds.
      yield* Effect.ignore(Effect.try(() => fs.truncateSync(this.#options.path, this.#frames.tail.position)))
      yield* Effect.ignore(this.#note(this.#frames.tail))
    })
  }

  /** Opens the file again behind what holds of it, if there is room. */
  get #tryAgain(): Effect.Effect<void> {
    return Effect.if(this.#options.hasRoom, {
      onFalse: () => Effect.ignore(this.#note(this.#frames.tail)),
      onTrue: () =>
        Effect.gen(this, function* () {
          this.#scope = yield* Scope.fork(this.#files, ExecutionStrategy.sequential)
          const { position, lost } = this.#frames.tail
          // With a gap the file itself says that it goes on; without one, nothing may say that it does not.
          if (lost.frames === 0) yield* this.#note(null)
          const file = yield* Scope.extend(
            AppendFile.make({ ...this.#options, position, writes: "inCall" }),
            this.#scope,
          )
          this.#frames.resume(file)
          yield* file.flush
          yield* this.#note(null)
          yield* Effect.logWarning("the recording goes on")
        }).pipe(Effect.catchAll((error) => this.#broken(error))),
    })
  }

  /** Goes on with the file whenever it has failed, until the session ends. */
  get #repairing(): Effect.Effect<never> {
    const alone = (effect: Effect.Effect<void>) =>
      this.#one.withPermits(1)(Effect.suspend(() => (this.#ending ? Effect.never : effect)))
    return Effect.gen(this, function* () {
      yield* Effect.catchAll(this.#frames.file.durable.failure, (error) => alone(this.#broken(error)))
      yield* Effect.repeat(Effect.delay(alone(this.#tryAgain), this.#options.retryEvery), {
        while: () => this.#frames.broken,
      })
    }).pipe(Effect.forever)
  }
}
