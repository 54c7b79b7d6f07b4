import { Either } from "effect"
import { SshFormatError } from "./SshError.ts"

/** The longest string that keys and certificates may hold; OpenSSH's own limit for a key is smaller. */
const maxStringBytes = 64 * 1024

/** Concatenation of an RFC 4251 `string`'s length and its bytes. */
export const sshString = (value: string | Uint8Array): Buffer => {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value
  const out = Buffer.allocUnsafe(4 + bytes.length)
  out.writeUInt32BE(bytes.length, 0)
  out.set(bytes, 4)
  return out
}

/** RFC 4251 `uint32`. */
export const sshUint32 = (value: number): Buffer => {
  const out = Buffer.allocUnsafe(4)
  out.writeUInt32BE(value, 0)
  return out
}

/** RFC 4251 `uint64`. */
export const sshUint64 = (value: bigint): Buffer => {
  const out = Buffer.allocUnsafe(8)
  out.writeBigUInt64BE(value, 0)
  return out
}

/** RFC 4251 `mpint` of a non-negative number given as big-endian bytes. */
export const sshMpint = (value: Uint8Array): Buffer => {
  let start = 0
  while (start < value.length && value[start] === 0) start++
  const bytes = value.subarray(start)
  const negative = bytes.length > 0 && (bytes[0] ?? 0) >= 0x80
  return sshString(negative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

/**
 * Reads RFC 4251 data types one after the other. Every length is checked against what is there before anything is
 * sliced; a breach throws `SshFormatError`, which {@link readSsh} turns into a value.
 */
export class SshReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  uint32(): number {
    return this.#take(4, "a number").readUInt32BE(0)
  }

  uint64(): bigint {
    return this.#take(8, "a number").readBigUInt64BE(0)
  }

  string(): Buffer {
    const length = this.uint32()
    if (length > maxStringBytes) throw new SshFormatError({ message: `a string of ${length} bytes is too long` })
    return this.#take(length, "a string")
  }

  text(): string {
    const bytes = this.string()
    const text = bytes.toString("utf8")
    if (!Buffer.from(text, "utf8").equals(bytes)) throw new SshFormatError({ message: "a text is not valid UTF-8" })
    return text
  }

  /** A non-negative `mpint` without its leading zeros. */
  mpint(): Buffer {
    const bytes = this.string()
    if (bytes.length > 0 && (bytes[0] ?? 0) >= 0x80) throw new SshFormatError({ message: "a number is negative" })
    let start = 0
    while (start < bytes.length && bytes[start] === 0) start++
    return bytes.subarray(start)
  }

  end(): void {
    if (!this.atEnd) {
      throw new SshFormatError({ message: `${this.#bytes.length - this.#at} bytes too many at the end` })
    }
  }

  #take(length: number, what: string): Buffer {
    if (length > this.#bytes.length - this.#at) {
      throw new SshFormatError({ message: `${what} ends beyond the data (at byte ${this.#at})` })
    }
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return taken
  }
}

/** Runs a parser; whatever it throws becomes an `SshFormatError`. */
export const readSsh = <A>(what: string, parse: () => A): Either.Either<A, SshFormatError> =>
  Either.try({
    try: parse,
    catch: (cause) =>
      new SshFormatError({ message: `not ${what}: ${cause instanceof Error ? cause.message : String(cause)}` }),
  })
