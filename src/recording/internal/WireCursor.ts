import { RecordingError } from "../RecordingError.ts"

/** Protobuf's wire types (https://protobuf.dev/programming-guides/encoding/). */
export const WireType = { Varint: 0, Fixed64: 1, Bytes: 2, Fixed32: 5 } as const

/** Reads protobuf's wire format, checking every bound; what is wrong is a `Corrupt` error at the entry's offset. */
export class WireCursor {
  readonly #bytes: Uint8Array
  readonly #entryOffset: number
  #at = 0

  constructor(bytes: Uint8Array, entryOffset: number) {
    this.#bytes = bytes
    this.#entryOffset = entryOffset
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** An unsigned integer up to 2^53-1. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw this.corrupt("a number runs past the entry's end")
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw this.corrupt("a number is larger than 2^53-1")
  }

  uint32(): number {
    const value = this.varint()
    if (value > 0xffff_ffff) throw this.corrupt("a 32-bit number is too large")
    return value
  }

  /** A length-delimited field's bytes, as a view. */
  bytes(): Uint8Array {
    return this.#take(this.varint())
  }

  /** Steps over a field of this wire type. */
  skip(wireType: number): void {
    if (wireType === WireType.Varint) this.#skipVarint()
    else if (wireType === WireType.Fixed64) this.#take(8)
    else if (wireType === WireType.Bytes) this.bytes()
    else if (wireType === WireType.Fixed32) this.#take(4)
    else throw this.corrupt(`wire type ${wireType} is not in use`)
  }

  corrupt(what: string): RecordingError {
    return RecordingError.at(this.#entryOffset, "Corrupt", what)
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      if (byte < 0x80) return
    }
    throw this.corrupt("a number is malformed")
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw this.corrupt("a field runs past the entry's end")
    const view = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return view
  }
}
