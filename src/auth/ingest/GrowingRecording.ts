import { Effect } from "effect"
import type { SessionEnd } from "../../domain/SessionEnd.ts"
import { decodeEnd, type RecordingEnd } from "../../recording/End.ts"
import { type Entry, splitEntries } from "../../recording/Entry.ts"
import type { PayloadDecryption } from "../../recording/PayloadDecryption.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import type { RecordingWriter } from "../../recording/RecordingWriter.ts"
import { decodeFrame } from "../../recording/WireFrame.ts"
import type { AppendFile } from "../../session/AppendFile.ts"
import type { FileFailed } from "../../session/FileFailed.ts"
import { IngestRefused } from "./IngestRefused.ts"

/** When this many bytes of the file are durable, so is the frame. */
interface Mark {
  readonly position: number
  readonly seq: number
}

/** The hub cannot write; its log tells the details, which are nobody else's. */
export const cannotStore = (failed: FileFailed): IngestRefused =>
  new IngestRefused({
    reason: "unavailable",
    message: failed.code === "ENOSPC" ? "the hub's disk is full" : "the hub cannot write the recording",
  })

const noDigest = new Uint8Array(0)

const invalid = (message: string) => new IngestRefused({ reason: "invalid", message })

/**
 * A recording that grows: entries as an agent sent them go through the writer, which seals and perhaps encrypts them,
 * into a file; what is durable there can be acknowledged. It has one writer and one sender at a time.
 */
export class GrowingRecording {
  readonly #writer: RecordingWriter
  readonly #file: AppendFile
  #marks: Array<Mark> = []
  #durableSeq: number
  #end: RecordingEnd | undefined

  constructor(writer: RecordingWriter, file: AppendFile) {
    this.#writer = writer
    this.#file = file
    this.#durableSeq = writer.seq
    this.#append()
  }

  /** The first frame that is wanted. */
  get nextSeq(): number {
    return this.#writer.seq + 1
  }

  /**
   * Takes the entries of one request; true once the End was among them. Frames that are here already are passed over.
   * `decryption`: of frames that are sent encrypted. Throws `IngestRefused`.
   */
  accept(request: Uint8Array, decryption?: PayloadDecryption): boolean {
    try {
      for (const entry of splitEntries(request)) this.#take(entry, decryption)
    } catch (error) {
      throw error instanceof RecordingError ? invalid(error.message) : error
    }
    this.#append()
    return this.#end !== undefined
  }

  /** Whether little waits to be written. */
  get hasRoom(): boolean {
    return this.#file.hasRoom
  }

  /** Makes durable all that has come. */
  get flush(): Effect.Effect<void, FileFailed> {
    return this.#file.flush
  }

  /** The last frame that is durable. */
  get durableSeq(): number {
    const durable = this.#file.durable.value
    const behind = this.#marks.findIndex((mark) => mark.position > durable)
    const passed = this.#marks.splice(0, behind === -1 ? this.#marks.length : behind)
    this.#durableSeq = passed.at(-1)?.seq ?? this.#durableSeq
    return this.#durableSeq
  }

  /** Calls back each time that more of the file is durable. */
  onDurable(listener: () => void): void {
    this.#file.durable.listen(listener)
  }

  /** Never succeeds: fails when the file does. */
  get failure(): Effect.Effect<never, IngestRefused> {
    return Effect.mapError(this.#file.durable.failure, cannotStore)
  }

  /** Seals what has been without a seal for too long; to be run for as long as the recording grows. */
  get sealing(): Effect.Effect<never> {
    return Effect.sync(() => {
      if (!this.#writer.sealDue(performance.now())) return
      this.#writer.seal()
      this.#append()
    }).pipe(Effect.delay("1 second"), Effect.forever)
  }

  /** Writes End (the sender's own, where it sent one) and the last seal, and makes the file durable. */
  finish(lost: SessionEnd & { readonly framesDigest?: Uint8Array }) {
    return Effect.gen(this, function* () {
      const sent = this.#end
      if (sent !== undefined) yield* this.#agrees(sent, lost)
      const { framesDigest = noDigest, ...told } = sent ?? lost
      const durationMs = Math.max(told.durationMs, this.#writer.timeMs)
      const end = this.#writer.finish({ ...told, durationMs }, framesDigest.length === 0 ? {} : { framesDigest })
      const digest = this.#writer.digest ?? new Uint8Array(0)
      this.#append()
      yield* Effect.mapError(this.#file.flush, cannotStore)
      return { end, digest, bytes: this.#file.end }
    })
  }

  /** What arrived must be what was sent. */
  #agrees(sent: RecordingEnd, lost: SessionEnd): Effect.Effect<void, IngestRefused> {
    // Such a recording may be gone on with; none that its agent ended may.
    if (sent.reason === lost.reason) return Effect.fail(invalid("only the hub can tell that an agent was lost"))
    const digest = this.#writer.framesDigest
    const same =
      sent.frames === this.#writer.seq &&
      (digest === undefined || sent.framesDigest.length === 0 || Buffer.compare(digest, sent.framesDigest) === 0)
    return same ? Effect.void : Effect.fail(invalid("the frames that arrived are not the ones that the End tells of"))
  }

  #take(entry: Entry, decryption: PayloadDecryption | undefined): void {
    if (this.#end !== undefined) throw RecordingError.at(entry.offset, "Corrupt", "the recording goes on after its end")
    if (entry.kind === "end") {
      this.#end = decodeEnd(entry.body, entry.offset)
      return
    }
    if (entry.kind !== "frame") throw RecordingError.at(entry.offset, "Corrupt", `a ${entry.kind} among the frames`)
    const frame = decodeFrame(entry.body, entry.offset)
    if (frame.seq < this.nextSeq) return
    if (decryption === undefined) this.#writer.append(frame, performance.now(), entry.bytes)
    else this.#writer.append(decryption.decrypt(frame, entry.offset), performance.now())
  }

  #append(): void {
    const chunks = this.#writer.take()
    for (const chunk of chunks) this.#file.append(chunk)
    if (chunks.length > 0) this.#marks.push({ position: this.#file.end, seq: this.#writer.seq })
  }
}
