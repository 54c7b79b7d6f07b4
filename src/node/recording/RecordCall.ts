import type * as Grpc from "@grpc/grpc-js"
import { Deferred, Duration, Effect } from "effect"
import type { RecordResponse } from "../../recording/gen/mezite/recording/v1/ingest_pb.ts"
import { RecordingLost } from "../../session/RecordingSink.ts"
import { Watermark } from "../../session/Watermark.ts"
import { lostBy } from "./internal/lostBy.ts"

export type RecordStream = Grpc.ClientDuplexStream<Uint8Array, RecordResponse>

/** What nobody waits for is sent when there is so much of it (half of a session's usual window), or after so long. */
const gathered = { bytes: 128 * 1024, ms: 3 } as const

/** A timer that is later than that tells of a process that stood still; it listens so long before it judges the hub. */
const stoodStill = { lateMs: 200, listenMs: 300 } as const

/** A call that begins. */
export interface RecordStart {
  readonly stream: RecordStream
  /** Called when the hub is not heard any more: the connection is dead, whatever TCP thinks. */
  readonly onSilence: () => void
}

/** Where the hub has the whole of a recording: in its place, or on its own disk, from where it has still to be brought there. */
export type Kept = "stored" | "kept"

/** What the hub has of a recording when a call begins: frames before `nextSeq`, or all of it. */
export type Opening =
  | { readonly _tag: "SendFrom"; readonly nextSeq: number }
  | { readonly _tag: "Whole"; readonly where: Kept }

/**
 * One call of `RecordingIngest.Record`: a recording on its way to the hub. It lives in a scope; where that closes before
 * the hub has ended the call, it is cancelled. Whatever goes wrong fails `durable`, once, with a line for the user.
 */
export class RecordCall {
  readonly #stream: RecordStream
  readonly #ackTimeoutMs: number
  readonly #onSilence: () => void
  readonly #opening: Deferred.Deferred<Opening, RecordingLost>
  readonly #room = Effect.unsafeMakeLatch(true)
  #opened = false
  #unsent: Array<Uint8Array> = []
  #unsentBytes = 0
  #sending: NodeJS.Timeout | undefined
  #sentSeq = 0
  #ending = false
  #whole: Kept | undefined
  #heardAt = performance.now()
  #progressAt = performance.now()

  /** The last frame that is durable at the hub; infinite once the whole recording is. */
  readonly durable = new Watermark<RecordingLost>(0)

  private constructor(
    { stream, onSilence }: RecordStart,
    opening: Deferred.Deferred<Opening, RecordingLost>,
    ackTimeoutMs: number,
  ) {
    this.#stream = stream
    this.#onSilence = onSilence
    this.#opening = opening
    this.#ackTimeoutMs = ackTimeoutMs
    stream.on("data", (response) => this.#hear(response))
    stream.on("drain", () => this.#room.unsafeOpen())
    stream.on("error", (error: Grpc.ServiceError) => this.#fail(lostBy(error)))
    stream.on("end", () => this.#fail(new RecordingLost({ message: "the hub closed the recording stream" })))
  }

  /** Sends the header, and waits until the hub has the session's start on record. */
  static readonly open = Effect.fn("RecordCall.open")(function* (
    start: Effect.Effect<RecordStart, RecordingLost>,
    header: Uint8Array,
    /** How long the hub may be silent, or a frame be under way before it is durable. */
    ackTimeout: Duration.DurationInput,
  ) {
    const opened = yield* Deferred.make<Opening, RecordingLost>()
    const call = yield* Effect.acquireRelease(
      Effect.map(start, (started) => new RecordCall(started, opened, Duration.toMillis(ackTimeout))),
      (self) => Effect.sync(() => self.#cancel()),
    )
    call.#stream.write(header)
    const opening = yield* Effect.raceFirst(Deferred.await(opened), call.silence)
    return { call, opening }
  })

  /**
   * Takes the next frame's entry bytes, and the size of what the frame holds. It is sent in one message with what else comes
   * within a few milliseconds, so that a keystroke's echo does not wait for the keystroke's recording to be sent.
   */
  offer(entry: Uint8Array, size: number): void {
    if (this.durable.failed) return
    if (this.#sentSeq === this.durable.value) this.#progressAt = performance.now()
    this.#sentSeq += 1
    this.#unsent.push(entry)
    this.#unsentBytes += size
    if (this.#unsentBytes >= gathered.bytes) this.send()
    else this.#sending ??= setTimeout(() => this.send(), gathered.ms)
  }

  /** Sends at once what was taken: somebody waits for it. */
  send(): void {
    clearTimeout(this.#sending)
    this.#sending = undefined
    const entries = this.#unsent
    this.#unsent = []
    this.#unsentBytes = 0
    if (entries.length === 0 || this.durable.failed) return
    const [first = new Uint8Array(0)] = entries
    if (!this.#stream.write(entries.length === 1 ? first : Buffer.concat(entries))) this.#room.unsafeClose()
  }

  /** Where the hub has the whole recording, once it said so. */
  get whole(): Kept | undefined {
    return this.#whole
  }

  /** Completes when the stream takes more without queueing, or never will again: see `durable`. */
  readonly ready: Effect.Effect<void> = this.#room.await

  /** Sends the End entry's bytes, and completes once the hub has the whole recording; see `whole`. */
  finish(end: Uint8Array): Effect.Effect<void, RecordingLost> {
    return Effect.suspend(() => {
      if (this.durable.failed) return Effect.asVoid(this.durable.failure)
      this.#progressAt = performance.now()
      this.#ending = true
      this.send()
      this.#stream.write(end)
      this.#stream.end()
      return Effect.raceFirst(Effect.asVoid(this.durable.reaches(Number.POSITIVE_INFINITY)), this.silence)
    })
  }

  /** Never succeeds; fails when the hub has been silent, or has made nothing durable that was sent, for too long. */
  readonly silence: Effect.Effect<never, RecordingLost> = Effect.suspend(() => {
    const left = this.#dueAt - performance.now()
    if (left > 0) return Effect.zipRight(Effect.sleep(left), this.silence)
    // A process that stood still, as on a machine that was suspended, has yet to read what came meanwhile.
    const listen = left < -stoodStill.lateMs ? Effect.sleep(stoodStill.listenMs) : Effect.void
    return Effect.flatMap(listen, () => (this.#dueAt > performance.now() ? this.silence : this.#lost))
  })

  /** When the hub must have been heard, or have made something durable. */
  get #dueAt(): number {
    const waiting = this.#ending || this.#sentSeq > this.durable.value
    return (waiting ? Math.min(this.#heardAt, this.#progressAt) : this.#heardAt) + this.#ackTimeoutMs
  }

  readonly #lost: Effect.Effect<never, RecordingLost> = Effect.suspend(() => {
    if (performance.now() - this.#heardAt >= this.#ackTimeoutMs) this.#onSilence()
    const lost = new RecordingLost({ message: `the hub confirmed nothing for ${this.#ackTimeoutMs / 1000} s` })
    this.#fail(lost)
    return Effect.fail(lost)
  })

  #hear({ response }: RecordResponse): void {
    this.#heardAt = performance.now()
    switch (response.case) {
      case "opened":
        this.#sentSeq = Number(response.value.nextSeq) - 1
        this.durable.raise(this.#sentSeq)
        this.#open({ _tag: "SendFrom", nextSeq: Number(response.value.nextSeq) })
        break
      case "ack":
        if (Number(response.value.durableSeq) > this.durable.value) this.#progressAt = this.#heardAt
        this.durable.raise(Math.min(Number(response.value.durableSeq), this.#sentSeq))
        break
      case "stored":
      case "kept":
        this.#complete(response.case)
        break
    }
  }

  /** Only an answer to the header, or to the End, can say so. */
  #complete(where: Kept): void {
    if (this.#opened && !this.#ending) {
      this.#fail(new RecordingLost({ message: "the hub ended the recording before its end" }))
      return
    }
    this.#whole = where
    this.#open({ _tag: "Whole", where })
    this.durable.raise(Number.POSITIVE_INFINITY)
  }

  #cancel(): void {
    clearTimeout(this.#sending)
    this.#stream.cancel()
  }

  #open(opening: Opening): void {
    this.#opened = true
    Deferred.unsafeDone(this.#opening, Effect.succeed(opening))
  }

  #fail(lost: RecordingLost): void {
    if (this.#whole !== undefined) return
    Deferred.unsafeDone(this.#opening, Effect.fail(lost))
    this.#room.unsafeOpen()
    this.durable.fail(lost)
  }
}
