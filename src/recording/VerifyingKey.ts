import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto"
import { Either, Schema } from "effect"

/** A key cannot be read; the message says what would do, and never repeats the key. */
export class RecordingKeyError extends Schema.TaggedError<RecordingKeyError>()("RecordingKeyError", {
  message: Schema.String,
}) {}

/** The SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 raw bytes. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex")

/** An Ed25519 public key that can check seals. */
export class VerifyingKey {
  /** SHA-256 of the raw public key. */
  readonly id: Uint8Array
  readonly raw: Uint8Array
  readonly #key: KeyObject

  private constructor(key: KeyObject) {
    this.#key = key
    this.raw = new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length))
    this.id = new Uint8Array(createHash("sha256").update(this.raw).digest())
  }

  /** From a key of node:crypto: an Ed25519 one, else `RecordingKeyError`. */
  static fromKeyObject(key: KeyObject): Either.Either<VerifyingKey, RecordingKeyError> {
    return key.asymmetricKeyType === "ed25519"
      ? Either.right(new VerifyingKey(key.type === "private" ? createPublicKey(key) : key))
      : Either.left(new RecordingKeyError({ message: "a recording key is an Ed25519 key, and this is another kind" }))
  }

  /** From the text of a public key: PEM ("BEGIN PUBLIC KEY"), or the 32 raw bytes as 64 hexadecimal digits. */
  static parse(text: string): Either.Either<VerifyingKey, RecordingKeyError> {
    const trimmed = text.trim()
    return Either.try({
      try: () =>
        /^[0-9a-fA-F]{64}$/.test(trimmed)
          ? createPublicKey({
              key: Buffer.concat([SPKI_PREFIX, Buffer.from(trimmed, "hex")]),
              format: "der",
              type: "spki",
            })
          : createPublicKey(trimmed),
      catch: () =>
        new RecordingKeyError({ message: "not a public key: give it as PEM (BEGIN PUBLIC KEY) or as 64 hex digits" }),
    }).pipe(Either.flatMap(VerifyingKey.fromKeyObject))
  }

  /** The key as PEM, for `msh verify --key`. */
  toPem(): string {
    return this.#key.export({ type: "spki", format: "pem" }).toString()
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, message, this.#key, signature)
  }
}
