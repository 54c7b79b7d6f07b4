import { Chunk, Effect, Option, Stream } from "effect"
import type { RecordingMode } from "../../domain/RecordingMode.ts"
import type { Observation, Observed } from "../../session/Observation.ts"
import { RecordingLost } from "../../session/RecordingSink.ts"
import { TerminalError } from "../../session/TerminalError.ts"
import type { Gate } from "../terminal/internal/launch.ts"
import { EventQueue, unobserved } from "./internal/EventQueue.ts"
import { lossKinds } from "./internal/lossText.ts"
import type { Probe } from "./Probe.ts"
import type { ProbeLost } from "./ProbeLost.ts"
import { type Losses, noLosses, type ProbeRecord } from "./ProbeRecord.ts"

/** Hears all that is seen of one session, whether it is recorded or not. */
export interface WatchedSessionReport {
  /** The first process is followed. */
  readonly begin: Effect.Effect<void>
  /** `afterEnd`: the session is over, and left this process behind. */
  readonly hear: (record: ProbeRecord, afterEnd: boolean) => void
  /** Nothing is seen any more, though the session goes on. */
  readonly lost: (reason: string) => void
  /** Tells all that was heard. */
  readonly flush: Effect.Effect<void>
}

const microseconds = (): number => Number(process.hrtime.bigint() / 1000n)

/**
 * One session's processes, as the probe sees them: a gate that its first process waits behind until it is followed, and what is
 * seen from then on as frames. Processes that outlive the session are still told to the report.
 */
export class WatchedSession {
  readonly #probe: Probe
  readonly #number: number
  readonly #mode: RecordingMode
  readonly #report: WatchedSessionReport
  readonly #queue = new EventQueue()
  readonly #something = Effect.unsafeMakeLatch(false)
  #losses: Losses = noLosses
  #state: "running" | "stopped" | "over" = "running"
  #unobserved: string | undefined
  #gapTold = false
  #zeroUs = 0

  /** `number`: what the probe knows it by. */
  constructor(probe: Probe, number: number, mode: RecordingMode, report: WatchedSessionReport) {
    this.#probe = probe
    this.#number = number
    this.#mode = mode
    this.#report = report
  }

  /** Completes once the process is followed, and whatever it starts will be. */
  readonly gate: Gate = (pid) =>
    this.#probe
      .track(pid, this.#number, (record) => this.#hear(record))
      .pipe(
        Effect.mapError(
          (cause) =>
            new TerminalError({ message: `your session cannot be recorded as it must be: ${cause.message}`, cause }),
        ),
        Effect.zipRight(this.#report.begin),
      )

  /** What was seen, for the recording. */
  readonly observation: Observation = {
    events: (elapsedMs) =>
      Stream.suspend(() => {
        this.#zeroUs = microseconds() - 1000 * elapsedMs()
        return Stream.repeatEffectChunkOption(this.#pull)
      }),
    stop: Effect.suspend(() =>
      this.#unobserved === undefined
        ? Effect.catchAll(this.#probe.sync(this.#number), (lost) => this.end(lost))
        : Effect.void,
    ).pipe(
      Effect.zipRight(
        Effect.sync(() => {
          this.#state = "stopped"
          this.#something.unsafeOpen()
        }),
      ),
    ),
  }

  /** Nothing is seen any more. Does nothing once that is known, or the session is over. */
  end({ message }: ProbeLost): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#unobserved !== undefined || this.#state === "over") return
      this.#unobserved = `enhanced recording has stopped: ${message}`
      this.#report.lost(this.#unobserved)
      this.#something.unsafeOpen()
    })
  }

  /** The session is over, and its recording complete. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.#state = "over"
    return this.#report.flush
  })

  #hear(record: ProbeRecord): void {
    this.#report.hear(record, this.#state === "over")
    if (this.#state === "over") return
    if (record._tag === "Command") this.#queue.addCommand(record.event)
    else if (record._tag === "File") this.#queue.addFile(record.event)
    else if (record._tag === "Connection") this.#queue.addConnection(record.event)
    else if (record._tag === "Lost") this.#hearLosses(record.losses)
    else return
    this.#something.unsafeOpen()
  }

  #hearLosses(losses: Losses): void {
    for (const kind of lossKinds) this.#queue.addLost(kind, losses[kind] - this.#losses[kind])
    this.#losses = losses
  }

  readonly #pull: Effect.Effect<Chunk.Chunk<Observed>, Option.Option<RecordingLost>> = Effect.suspend(() => {
    this.#something.unsafeClose()
    const frames = this.#queue.take(this.#zeroUs)
    if (frames.length > 0) return Effect.succeed(Chunk.unsafeFromArray(frames))
    if (this.#unobserved !== undefined) return this.#goesOnUnobserved(this.#unobserved)
    if (this.#state !== "running") return Effect.fail(Option.none())
    return Effect.zipRight(this.#something.await, this.#pull)
  })

  /** What nobody sees must not happen in `node-sync`; else that it is so is told once, and that was all. */
  #goesOnUnobserved(reason: string): Effect.Effect<Chunk.Chunk<Observed>, Option.Option<RecordingLost>> {
    if (this.#mode === "node-sync") return Effect.fail(Option.some(new RecordingLost({ message: reason })))
    if (this.#gapTold) return Effect.fail(Option.none())
    this.#gapTold = true
    return Effect.succeed(Chunk.of(unobserved(reason)))
  }
}
