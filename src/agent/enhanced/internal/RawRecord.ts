import { ProbeFault } from "../ProbeFault.ts"
import { joinNames } from "./joinNames.ts"

/** wire.h, struct record_head. */
export const headBytes = 72

const flagCut = 1
const nameAt = 56

/** The probe's own text, up to its first NUL. */
const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end)
}

/** One record as it came, with its length checked: what its head says, and parts of its data. */
export class RawRecord {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get kind(): number {
    return this.#bytes.readUInt16LE(4)
  }

  /** A path is cut, or could not be read. */
  get isCut(): boolean {
    return (this.#bytes.readUInt16LE(6) & flagCut) !== 0
  }

  /** Microseconds of the monotonic clock. */
  get timeUs(): number {
    return Math.floor(this.#number(8) / 1000)
  }

  get session(): number {
    return this.#number(16)
  }

  get pid(): number {
    return this.#bytes.readUInt32LE(24)
  }

  get parentPid(): number {
    return this.#bytes.readUInt32LE(28)
  }

  get uid(): number {
    return this.#bytes.readUInt32LE(32)
  }

  get effectiveUid(): number {
    return this.#bytes.readUInt32LE(36)
  }

  get result(): number {
    return this.#bytes.readInt32LE(40)
  }

  detail(index: 0 | 1 | 2): number {
    return this.#bytes.readUInt32LE(44 + 4 * index)
  }

  /** The thread's name. */
  get name(): string {
    return textOf(this.#bytes.subarray(nameAt, headBytes))
  }

  /** A view of its data, from `start` to before `end`. Throws where there is less. */
  data(start: number, end = this.#bytes.length - headBytes): Buffer {
    if (start > end || headBytes + end > this.#bytes.length) throw new ProbeFault("a record lacks a part of its data")
    return this.#bytes.subarray(headBytes + start, headBytes + end)
  }

  /** The 64-bit number at this place of its data. */
  dataNumber(index: number): number {
    return this.#toNumber(this.data(8 * index, 8 * index + 8), 0)
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
    return this.#toNumber(this.#bytes, at)
  }

  #toNumber(bytes: Buffer, at: number): number {
    return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at)
  }
}
