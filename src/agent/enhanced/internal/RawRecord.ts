import { ProbeFault } from "../ProbeFault.ts"
import { joinNames } from "./joinNames.ts"

/** wire.h, struct record_head. */
export const headBytes = 72

const flagCut = 1
const nameAt = 56

/** One record as it came, with its length checked: what its head says, and parts of its data. */
export class RawRecord {
  readonly #bytes: Buffer
  readonly #start: number
  readonly #length: number

  /** It lies in `bytes` from `start` on; nothing is copied. */
  constructor(bytes: Buffer, start: number, length: number) {
    this.#bytes = bytes
    this.#start = start
    this.#length = length
  }

  get kind(): number {
    return this.#bytes.readUInt16LE(this.#start + 4)
  }

  /** A path is cut, or could not be read. */
  get isCut(): boolean {
    return (this.#bytes.readUInt16LE(this.#start + 6) & flagCut) !== 0
  }

  /** Microseconds of the monotonic clock. */
  get timeUs(): number {
    return Math.floor(this.#number(this.#start + 8) / 1000)
  }

  get session(): number {
    return this.#number(this.#start + 16)
  }

  get pid(): number {
    return this.#bytes.readUInt32LE(this.#start + 24)
  }

  get parentPid(): number {
    return this.#bytes.readUInt32LE(this.#start + 28)
  }

  get uid(): number {
    return this.#bytes.readUInt32LE(this.#start + 32)
  }

  get effectiveUid(): number {
    return this.#bytes.readUInt32LE(this.#start + 36)
  }

  get result(): number {
    return this.#bytes.readInt32LE(this.#start + 40)
  }

  detail(index: 0 | 1 | 2): number {
    return this.#bytes.readUInt32LE(this.#start + 44 + 4 * index)
  }

  /** The thread's name. */
  get name(): string {
    const [start, end] = [this.#start + nameAt, this.#start + headBytes]
    const nul = this.#bytes.indexOf(0, start)
    return this.#bytes.toString("utf8", start, nul < 0 || nul > end ? end : nul)
  }

  /** A view of its data, from `start` to before `end`. Throws where there is less. */
  data(start: number, end = this.#length - headBytes): Buffer {
    if (start > end || headBytes + end > this.#length) throw new ProbeFault("a record lacks a part of its data")
    const from = this.#start + headBytes
    return this.#bytes.subarray(from + start, from + end)
  }

  /** The 64-bit number at this place of its data. */
  dataNumber(index: number): number {
    this.data(8 * index, 8 * index + 8)
    return this.#number(this.#start + headBytes + 8 * index)
  }

  /** A text that ends with a NUL, or is empty. */
  terminated(start: number, end: number): Buffer {
    const bytes = this.data(start, end)
    return bytes.subarray(0, Math.max(0, bytes.length - 1))
  }

  /** The path whose names are there. */
  path(start: number, end?: number): Buffer {
    return joinNames(this.data(start, end))
  }

  #number(at: number): number {
    return this.#bytes.readUInt32LE(at + 4) * 2 ** 32 + this.#bytes.readUInt32LE(at)
  }
}
