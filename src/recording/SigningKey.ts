import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { Either } from "effect"
import { RecordingKeyError, VerifyingKey } from "./VerifyingKey.ts"

/** An Ed25519 private key that makes seals. It does not show itself when printed. */
export class SigningKey {
  readonly publicKey: VerifyingKey
  readonly #key: KeyObject

  private constructor(key: KeyObject, publicKey: VerifyingKey) {
    this.#key = key
    this.publicKey = publicKey
  }

  /** A new, random key. */
  static generate(): SigningKey {
    return Either.getOrThrow(SigningKey.fromKeyObject(generateKeyPairSync("ed25519").privateKey))
  }

  /** From a private key of node:crypto: an Ed25519 one, else `RecordingKeyError`. */
  static fromKeyObject(key: KeyObject): Either.Either<SigningKey, RecordingKeyError> {
    return key.type === "private"
      ? Either.map(VerifyingKey.fromKeyObject(key), (publicKey) => new SigningKey(key, publicKey))
      : Either.left(new RecordingKeyError({ message: "a signing key is a private key, and this is none" }))
  }

  /** From PEM (PKCS #8). */
  static parse(pem: string): Either.Either<SigningKey, RecordingKeyError> {
    return Either.try({
      try: () => createPrivateKey(pem),
      catch: () => new RecordingKeyError({ message: "not a private key: give it as PEM (BEGIN PRIVATE KEY)" }),
    }).pipe(Either.flatMap(SigningKey.fromKeyObject))
  }

  /** The key as PEM (PKCS #8), to be kept where only its owner reads it. */
  toPem(): string {
    return this.#key.export({ type: "pkcs8", format: "pem" }).toString()
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(null, message, this.#key)
  }
}
