import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { Option } from "effect"
import { AgreedCipher } from "./AgreedCipher.ts"
import type { Encryption } from "./Encryption.ts"
import { agreedKey, rawPublicKey } from "./internal/X25519.ts"

/** A recording's header tells `encryption`; what `cipher` encrypts, only who has the recipient's private key can read. */
export interface Addressed {
  readonly encryption: Encryption
  readonly cipher: AgreedCipher
}

/** The public half of the key that a master key gives its hub: an X25519 key (RFC 7748). */
export class RecipientKey {
  /** The master key's id. */
  readonly id: string
  /** 32 bytes. */
  readonly raw: Uint8Array

  constructor(id: string, raw: Uint8Array) {
    this.id = id
    this.raw = raw
  }

  /** From 32 bytes in base64; none for anything else. */
  static fromBase64(id: string, base64: string): Option.Option<RecipientKey> {
    const raw = Buffer.from(base64, "base64")
    return raw.length === 32 && raw.toString("base64") === base64
      ? Option.some(new RecipientKey(id, new Uint8Array(raw)))
      : Option.none()
  }

  get base64(): string {
    return Buffer.from(this.raw).toString("base64")
  }

  /** Begins a recording that its writer itself can't read afterwards; `ephemeral` is new, and only a test gives it. */
  address(sessionId: string, ephemeral: KeyObject = generateKeyPairSync("x25519").privateKey): Addressed {
    const ephemeralKey = rawPublicKey(ephemeral)
    const key = agreedKey(ephemeral, this.raw, { ephemeral: ephemeralKey, recipient: this.raw, sessionId })
    return {
      encryption: { scheme: "agreed", keyId: this.id, ephemeralKey },
      cipher: new AgreedCipher(key, sessionId),
    }
  }
}
