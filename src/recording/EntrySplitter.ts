import { type Entry, entryExtent, entryOf } from "./Entry.ts"
import { RecordingError } from "./RecordingError.ts"

/** The first line of every recording file. */
export const MAGIC = new TextEncoder().encode("mezite-recording 1\n")

const MAGIC_NAME = MAGIC.subarray(0, -2)

/**
 * Splits bytes, in whatever pieces they come, into whole entries. Entries that lie in one piece are views into it;
 * one that is torn between pieces is put together in a buffer of its own, which grows with what has really arrived and
 * never over the entry's limit.
 *
 * Give it a piece with `push`, then call `next` until it returns undefined. `next` throws a `RecordingError`
 * for bytes that are no entry; nothing can be read after that.
 */
export class EntrySplitter {
  #piece: Uint8Array = new Uint8Array(0)
  #at = 0
  #torn: Uint8Array = new Uint8Array(0)
  #tornLength = 0
  #magic: boolean
  #offset: number

  /** `file`: the magic line comes first. `offset`: where in the file the first byte stands. */
  constructor(options: { readonly file: boolean; readonly offset?: number }) {
    this.#magic = options.file
    this.#offset = options.offset ?? 0
  }

  /** The offset of the first byte that belongs to no entry returned so far. */
  get offset(): number {
    return this.#offset
  }

  /** Takes a piece; the one before must have been read to its end. */
  push(piece: Uint8Array): void {
    if (this.#at < this.#piece.length) throw new Error("EntrySplitter.push: the piece before is not used up")
    this.#piece = piece
    this.#at = 0
  }

  /** The next whole entry, or undefined until another piece is pushed. */
  next(): Entry | undefined {
    if (this.#magic && !this.#readMagic()) return undefined
    if (this.#tornLength > 0) return this.#nextTorn()
    const extent = entryExtent(this.#piece, this.#at, this.#piece.length, this.#offset)
    if (extent === undefined || extent.length > this.#piece.length - extent.start) {
      this.#keep(this.#piece.length - this.#at)
      return undefined
    }
    const bytes = this.#piece.subarray(this.#at, extent.start + extent.length)
    const entry = entryOf(bytes, extent.start - this.#at, this.#offset)
    this.#at = extent.start + extent.length
    this.#offset += bytes.length
    return entry
  }

  /** Tells that no more comes: throws `Truncated` where an entry or the magic line is not whole. */
  end(): void {
    if (this.#magic) throw RecordingError.at(0, "Truncated", "the file ends within its first line")
    if (this.#tornLength > 0) throw RecordingError.at(this.#offset, "Truncated", "the last entry is not whole")
  }

  #readMagic(): boolean {
    this.#keep(Math.min(MAGIC.length - this.#tornLength, this.#piece.length - this.#at))
    const line = this.#torn.subarray(0, this.#tornLength)
    if (!line.subarray(0, MAGIC_NAME.length).every((byte, index) => byte === MAGIC[index])) {
      throw RecordingError.at(0, "NotARecording", 'this is no recording: it does not begin with "mezite-recording"')
    }
    if (!line.every((byte, index) => byte === MAGIC[index])) {
      throw RecordingError.at(0, "UnsupportedVersion", "a recording of another version; a newer program may read it")
    }
    if (line.length < MAGIC.length) return false
    this.#magic = false
    this.#tornLength = 0
    this.#offset += MAGIC.length
    return true
  }

  #nextTorn(): Entry | undefined {
    for (;;) {
      const extent = entryExtent(this.#torn, 0, this.#tornLength, this.#offset)
      // While the length is unknown byte by byte, so that nothing of the entry after it is taken.
      const missing = extent === undefined ? 1 : extent.start + extent.length - this.#tornLength
      if (extent !== undefined && missing === 0) return this.#endTorn(extent.start)
      const taken = Math.min(missing, this.#piece.length - this.#at)
      if (taken === 0) return undefined
      this.#keep(taken)
    }
  }

  #endTorn(start: number): Entry {
    const bytes = this.#torn.subarray(0, this.#tornLength)
    const entry = entryOf(bytes, start, this.#offset)
    // The entry keeps this buffer: the next torn one needs another.
    this.#torn = new Uint8Array(0)
    this.#tornLength = 0
    this.#offset += bytes.length
    return entry
  }

  #keep(count: number): void {
    const length = this.#tornLength + count
    if (length > this.#torn.length) {
      const grown = new Uint8Array(Math.max(64, length, this.#torn.length * 2))
      grown.set(this.#torn.subarray(0, this.#tornLength))
      this.#torn = grown
    }
    this.#torn.set(this.#piece.subarray(this.#at, this.#at + count), this.#tornLength)
    this.#tornLength = length
    this.#at += count
  }
}
