import { randomBytes } from "node:crypto"
import { Option } from "effect"

/** How many bytes a share has. */
const SHARE_BYTES = 32

/**
 * The half of a recording's key that is kept apart from the recording: who has the file and the master key, but not this, can't
 * read it. Once every copy of it is destroyed, no copy of the file can be read any more. It does not show itself when printed.
 */
export class KeyShare {
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A new one, of 32 random bytes. */
  static random(): KeyShare {
    return new KeyShare(randomBytes(SHARE_BYTES))
  }

  /** From 64 hexadecimal digits; none for anything else. */
  static fromHex(hex: string): Option.Option<KeyShare> {
    return /^[0-9a-f]{64}$/.test(hex) ? Option.some(new KeyShare(Buffer.from(hex, "hex"))) : Option.none()
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  get hex(): string {
    return Buffer.from(this.#bytes).toString("hex")
  }
}
