/** How many bytes a varint takes. */
export const varintLength = (value: number): number => {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

/** Bytes that a field's number takes with its tag; none where it is 0. The tag has one byte. */
export const numberLength = (value: number): number => (value === 0 ? 0 : 1 + varintLength(value))

/** Writes protobuf's wire format into a buffer whose size was computed before. */
export class WireOutput {
  readonly bytes: Uint8Array<ArrayBuffer>
  #at = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
  }

  varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.bytes[this.#at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.#at++] = rest
  }

  /** A number of a field, left out where 0, as proto3 has it. */
  number(tag: number, value: number): void {
    if (value === 0) return
    this.bytes[this.#at++] = tag
    this.varint(value)
  }

  /** A tag, a length and bytes. */
  block(tag: number, block: Uint8Array): void {
    this.open(tag, block.length)
    this.bytes.set(block, this.#at)
    this.#at += block.length
  }

  /** A tag and a length; the bytes follow. */
  open(tag: number, length: number): void {
    this.bytes[this.#at++] = tag
    this.varint(length)
  }
}
