import * as fs from "node:fs"
import { Effect, Stream } from "effect"
import { encodeEndEntry } from "../../recording/End.ts"
import { MAGIC } from "../../recording/EntrySplitter.ts"
import { encodeHeaderEntry } from "../../recording/Header.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import { RecordingLost } from "../../session/RecordingSink.ts"
import type { NodeHost } from "../NodeHost.ts"
import type { HubRecorder } from "../recording/HubRecorder.ts"
import type { RecordCall } from "../recording/RecordCall.ts"
import { SpoolReader } from "./internal/SpoolReader.ts"
import type { SpoolTail } from "./SpoolState.ts"

const chunkBytes = 128 * 1024

export interface UploadOptions {
  readonly recorder: HubRecorder["Type"]
  /** How the recording goes on where its file failed. */
  readonly tail: SpoolTail | null
  /** Who wrote it. */
  readonly host: NodeHost["Type"]
}

/**
 * Brings one spooled recording to the hub: from the first frame that the hub lacks, to its end, and completes once the hub
 * has all of it, with where it has it. A file without an End is one whose writer was killed; the hub is told so. One with
 * nothing in it is of a session that never began, and belongs nowhere.
 */
export const upload = Effect.fn("Spool.upload")(function* (path: string, { recorder, tail, host }: UploadOptions) {
  if (fs.statSync(path).size <= MAGIC.length) return "nowhere"
  const entries = new SpoolReader(tail, host)
  let call: RecordCall | undefined
  let nextSeq = 1

  const open = Effect.fnUntraced(function* (header: Uint8Array) {
    const opened = yield* recorder.open(header)
    call = opened.call
    if (opened.opening._tag === "Whole") return true
    yield* Effect.forkScoped(Effect.ignore(opened.call.silence))
    nextSeq = opened.opening.nextSeq
    return false
  })

  /** Sends what has been read whole; true when the hub wants nothing more. */
  const send = (piece: Uint8Array) =>
    Effect.gen(function* () {
      entries.push(piece)
      for (let next = entries.next(); next !== undefined; next = entries.next()) {
        if (next._tag === "Header" && (yield* open(encodeHeaderEntry(next.header)))) return true
        if (next._tag !== "Frame" || next.frame.seq < nextSeq) continue
        if (call !== undefined) yield* sendFrame(call, next.entry.bytes.slice(), next.frame.size)
      }
      return false
    }).pipe(damageIsAnError)

  yield* Stream.runFoldWhileEffect(
    readFile(path),
    false,
    (done) => !done,
    (_, piece) => send(piece),
  )
  if (call === undefined) return yield* RecordingError.at(0, "Truncated", "not even the header was written")
  if (call.whole === undefined) {
    const { gap, end } = yield* damageIsAnError(Effect.sync(() => entries.ending(nextSeq - 1)))
    if (gap !== undefined) yield* sendFrame(call, gap, gap.length)
    yield* call.finish(encodeEndEntry(end))
  }
  return call.whole ?? "kept"
}, Effect.scoped)

const sendFrame = (call: RecordCall, entry: Uint8Array, size: number) =>
  Effect.suspend(() => {
    call.offer(entry, size)
    return Effect.flatMap(call.ready, () => (call.durable.failed ? call.durable.failure : Effect.void))
  })

const damageIsAnError = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | RecordingError, R> =>
  Effect.catchAllDefect(effect, (defect) =>
    defect instanceof RecordingError ? Effect.fail(defect) : Effect.die(defect),
  )

const readFile = (path: string): Stream.Stream<Uint8Array, RecordingLost> =>
  Stream.fromAsyncIterable(
    fs.createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>,
    (cause) => new RecordingLost({ message: `${path} cannot be read: ${(cause as Error).message}`, cause }),
  )
