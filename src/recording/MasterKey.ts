import { createHash, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"
import { Either, Option } from "effect"
import { agreedKey, privateKeyOf, rawPublicKey } from "./internal/X25519.ts"
import type { KeyShare } from "./KeyShare.ts"
import { RecipientKey } from "./RecipientKey.ts"
import { RecordingKeyError } from "./VerifyingKey.ts"

const KEY_BYTES = 32

const derived = (material: Uint8Array, salt: Uint8Array, info: string): KeyObject =>
  createSecretKey(new Uint8Array(hkdfSync("sha256", material, salt, info, KEY_BYTES)))

/** The 32-byte key that recordings' own keys are derived from. It does not show itself when printed. */
export class MasterKey {
  /**
   * Names the key in headers and messages: the first 8 bytes of SHA-256 over "mezite-key-id-v1\0" and the key, in hex.
   * It says nothing about a random key.
   */
  readonly id: string
  readonly #key: KeyObject

  private constructor(bytes: Uint8Array) {
    this.#key = createSecretKey(bytes)
    this.id = createHash("sha256").update("mezite-key-id-v1\0").update(bytes).digest("hex").slice(0, 16)
  }

  /** From 64 hexadecimal digits; an error says in one line what is wrong, without repeating the key. */
  static fromHex(hex: string): Either.Either<MasterKey, RecordingKeyError> {
    const fail = (what: string) =>
      Either.left(new RecordingKeyError({ message: `an encryption key is 64 hexadecimal digits (32 bytes): ${what}` }))
    if (!/^[0-9a-fA-F]*$/.test(hex)) return fail("this one has other characters")
    if (hex.length !== 2 * KEY_BYTES) return fail(`this one has ${hex.length} digits`)
    return Either.right(new MasterKey(Buffer.from(hex, "hex")))
  }

  /** The key of one recording: HKDF-SHA256 (RFC 5869), info "mezite-recording-v1\0" and the session id. */
  recordingKey(sessionId: string, salt: Uint8Array): KeyObject {
    return derived(this.#key.export(), salt, `mezite-recording-v1\0${sessionId}`)
  }

  /** The key of a recording with a share: of both, one after the other, and info "mezite-recording-split-v1\0…". */
  splitRecordingKey(sessionId: string, salt: Uint8Array, share: KeyShare): KeyObject {
    return derived(Buffer.concat([this.#key.export(), share.bytes]), salt, `mezite-recording-split-v1\0${sessionId}`)
  }

  /** What others encrypt for those who have this key: they need no secret for it. */
  get recipientKey(): RecipientKey {
    return new RecipientKey(this.id, rawPublicKey(this.#agreeing()))
  }

  /** The key that was agreed upon with `recipientKey` for one recording; none where its `ephemeralKey` is no usable point. */
  agreedRecordingKey(sessionId: string, ephemeralKey: Uint8Array): Option.Option<Uint8Array> {
    const ours = this.#agreeing()
    const about = { ephemeral: ephemeralKey, recipient: rawPublicKey(ours), sessionId }
    return Option.liftThrowable(() => agreedKey(ours, ephemeralKey, about))()
  }

  /** X25519's private key: HKDF-SHA256, info "mezite-recipient-v1", 32 bytes. */
  #agreeing(): KeyObject {
    return privateKeyOf(new Uint8Array(hkdfSync("sha256", this.#key, new Uint8Array(0), "mezite-recipient-v1", 32)))
  }
}
