import type { Frame } from "../domain/Frame.ts"
import { inflatePayload } from "./Compression.ts"
import type { RecordingEnd } from "./End.ts"
import { EntryReader, type EntryReaderOptions } from "./EntryReader.ts"
import type { RecordingHeader } from "./Header.ts"
import { KeyRing } from "./KeyRing.ts"
import type { PayloadDecryption } from "./PayloadDecryption.ts"
import type { PullParser } from "./PullParser.ts"
import type { Seal } from "./Seal.ts"
import type { WireFrame } from "./WireFrame.ts"

/** What a recording tells, in its order. Offsets are those of the entry in the file. */
export type RecordingEvent =
  | { readonly _tag: "Header"; readonly offset: number; readonly header: RecordingHeader }
  | { readonly _tag: "Frame"; readonly offset: number; readonly frame: Frame }
  /** `verified` where public keys were given; a seal that does not fit is an error, not an event. */
  | { readonly _tag: "Seal"; readonly offset: number; readonly seal: Seal; readonly verified: boolean }
  /** Screens of keyframes are in clear. */
  | { readonly _tag: "End"; readonly offset: number; readonly end: RecordingEnd }

export interface RecordingReaderOptions extends EntryReaderOptions {
  /** What may decrypt it. Without the right key the header is still given, then `UnknownKey`. */
  readonly keys?: KeyRing
}

/** A payload in clear and uncompressed; throws `Tampered` or `Corrupt`. */
export const openFrame = (stored: WireFrame, cipher: PayloadDecryption | undefined, offset: number): Frame => {
  const { compressed, payload, ...frame } = cipher === undefined ? stored : cipher.decrypt(stored, offset)
  return { ...frame, payload: compressed ? inflatePayload(payload, frame.size, offset) : payload }
}

/**
 * Reads a recording in any pieces, with bounded memory: every good frame up to the first damage, then one `RecordingError`.
 */
export class RecordingReader implements PullParser<RecordingEvent> {
  readonly #entries: EntryReader
  readonly #keys: KeyRing
  #header: RecordingHeader | undefined
  #cipher: PayloadDecryption | undefined

  constructor(options: RecordingReaderOptions = {}) {
    this.#entries = new EntryReader(options)
    this.#keys = options.keys ?? new KeyRing()
    this.#header = options.from?.header
  }

  push(piece: Uint8Array): void {
    this.#entries.push(piece)
  }

  next(): RecordingEvent | undefined {
    const next = this.#entries.next()
    if (next === undefined) return undefined
    const { offset } = next.entry
    switch (next._tag) {
      case "Header":
        this.#header = next.header
        return { _tag: "Header", offset, header: next.header }
      case "Frame":
        return { _tag: "Frame", offset, frame: openFrame(next.frame, this.#cipherAt(offset), offset) }
      case "Seal":
        return { _tag: "Seal", offset, seal: next.seal, verified: next.verified }
      case "End":
        return { _tag: "End", offset, end: this.#openEnd(next.end, offset) }
    }
  }

  end(): void {
    this.#entries.end()
  }

  #openEnd(end: RecordingEnd, offset: number): RecordingEnd {
    const cipher = end.keyframes.length === 0 ? undefined : this.#cipherAt(offset)
    if (cipher === undefined) return end
    return { ...end, keyframes: end.keyframes.map((keyframe) => cipher.decryptKeyframe(keyframe, offset)) }
  }

  #cipherAt(offset: number): PayloadDecryption | undefined {
    if (this.#header === undefined || this.#header.encryption === undefined) return undefined
    this.#cipher ??= this.#keys.cipherFor(this.#header, offset)
    return this.#cipher
  }
}
