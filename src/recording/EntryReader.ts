import type { Hash } from "node:crypto"
import { decodeEnd, type RecordingEnd, type SeekPoint } from "./End.ts"
import type { Entry } from "./Entry.ts"
import { EntrySplitter, MAGIC } from "./EntrySplitter.ts"
import { decodeHeader, type RecordingHeader } from "./Header.ts"
import { checkSeal } from "./internal/SealCheck.ts"
import { Progress } from "./Progress.ts"
import type { PullParser } from "./PullParser.ts"
import { RecordingError } from "./RecordingError.ts"
import { decodeSealEntry, type Seal } from "./Seal.ts"
import type { VerifyingKey } from "./VerifyingKey.ts"
import { checkFrame, decodeFrame, type WireFrame } from "./WireFrame.ts"

/** An entry of a recording as it stands there: payloads compressed and encrypted. */
export type RecordingEntry =
  | { readonly _tag: "Header"; readonly entry: Entry; readonly header: RecordingHeader }
  | { readonly _tag: "Frame"; readonly entry: Entry; readonly frame: WireFrame }
  /** `verified`: digest and signature fit; else no key was asked for, and the digest fits as far as it can be known. */
  | { readonly _tag: "Seal"; readonly entry: Entry; readonly seal: Seal; readonly verified: boolean }
  | { readonly _tag: "End"; readonly entry: Entry; readonly end: RecordingEnd }

export interface EntryReaderOptions {
  /** Where given, even empty: every seal must be signed by one of them, else it is `Tampered` or `UnknownKey`. */
  readonly publicKeys?: ReadonlyArray<VerifyingKey>
  /** Reading begins at this point of the file instead of its start. Seals can't be checked then. */
  readonly from?: { readonly header: RecordingHeader; readonly point: SeekPoint }
  /** Also computes `progress.framesHash`, for a recording in clear. */
  readonly framesDigest?: boolean
}

/**
 * Reads a recording's entries, in any pieces, without any decryption key, holding no more than one entry. It enforces the
 * rules of the format: Header first, sequence numbers without holes, times that never decrease, sizes that agree, seals
 * whose digests fit, End, the last seal, and nothing after that.
 */
export class EntryReader implements PullParser<RecordingEntry> {
  /** How far it has come, End and last seal not counted: where a writer would go on. */
  readonly progress: Progress
  readonly #splitter: EntrySplitter
  readonly #publicKeys: ReadonlyArray<VerifyingKey> | undefined
  #header: RecordingHeader | undefined
  #end: { readonly offset: number; readonly hash: Hash | undefined } | undefined
  #sealed = false
  #closed = false

  constructor(options: EntryReaderOptions = {}) {
    const { from } = options
    this.#publicKeys = options.publicKeys
    this.#header = from?.header
    this.#splitter = new EntrySplitter({ file: from === undefined, offset: from?.point.offset ?? 0 })
    this.progress = from === undefined ? Progress.atStart() : Progress.at(from.point)
    if (options.framesDigest === true) this.progress.startFramesHash()
  }

  /** Whether the End and, in a recording that is sealed or has to be, the last seal were read. */
  get complete(): boolean {
    return this.#closed || (this.#end !== undefined && !this.#sealed && this.#publicKeys === undefined)
  }

  push(piece: Uint8Array): void {
    this.#splitter.push(piece)
  }

  next(): RecordingEntry | undefined {
    const entry = this.#splitter.next()
    if (entry === undefined) return undefined
    if (this.#closed || (this.#end !== undefined && entry.kind !== "seal")) {
      throw RecordingError.at(entry.offset, "Corrupt", "the recording goes on after its end")
    }
    if ((this.#header === undefined) !== (entry.kind === "header")) {
      const what = entry.kind === "header" ? "a second header" : "the recording does not begin with a header"
      throw RecordingError.at(entry.offset, "Corrupt", what)
    }
    if (entry.kind === "header") return this.#readHeader(entry)
    if (entry.kind === "frame") return this.#readFrame(entry)
    return entry.kind === "seal" ? this.#readSeal(entry) : this.#readEnd(entry)
  }

  end(): void {
    this.#splitter.end()
    if (this.complete) return
    const { offset } = this.#splitter
    if (this.#end === undefined) throw RecordingError.at(offset, "Truncated", "the recording has no end")
    if (this.#sealed) throw RecordingError.at(offset, "Truncated", "the recording lacks its last seal")
    throw RecordingError.at(offset, "Unsealed", "the recording bears no seal: nobody vouches for it")
  }

  #readHeader(entry: Entry): RecordingEntry {
    const header = decodeHeader(entry.body, entry.offset)
    this.#header = header
    if (header.encryption !== undefined) this.progress.framesHash = undefined
    this.progress.addBytes(MAGIC)
    this.progress.addBytes(entry.bytes)
    return { _tag: "Header", entry, header }
  }

  #readFrame(entry: Entry): RecordingEntry {
    const frame = decodeFrame(entry.body, entry.offset)
    const form = { scheme: this.#header?.encryption?.scheme, deflate: this.#header?.deflate === true }
    checkFrame(frame, form, entry.offset)
    this.progress.checkNext(frame)
    this.progress.addFrame(frame)
    this.progress.addBytes(entry.bytes)
    this.progress.framesHash?.update(entry.bytes)
    return { _tag: "Frame", entry, frame }
  }

  #readSeal(entry: Entry): RecordingEntry {
    const seal = decodeSealEntry(entry.bytes, entry.offset)
    const hash = this.#end === undefined ? this.progress.hash : this.#end.hash
    const expected = {
      sessionId: this.#header?.info.sessionId ?? "",
      seq: this.progress.seq,
      endOffset: this.#end?.offset ?? 0,
      digest: hash?.copy().digest(),
    }
    const verified = checkSeal(seal, expected, this.#publicKeys, entry.offset)
    this.#sealed = true
    if (this.#end === undefined) {
      this.progress.addBytes(entry.bytes)
      this.progress.addSeal()
    } else this.#closed = true
    return { _tag: "Seal", entry, seal, verified }
  }

  #readEnd(entry: Entry): RecordingEntry {
    const end = decodeEnd(entry.body, entry.offset)
    const lastPoint = Math.max(end.seekPoints.at(-1)?.offset ?? 0, end.keyframes.at(-1)?.offset ?? 0)
    if (end.frames !== this.progress.seq || lastPoint > entry.offset) {
      throw RecordingError.at(entry.offset, "Corrupt", "the End does not fit the frames before it")
    }
    this.#end = { offset: entry.offset, hash: this.progress.hash?.copy().update(entry.bytes) }
    return { _tag: "End", entry, end }
  }
}
