import { FrameKind } from "../domain/Frame.ts"
import { Cipher, type Encryption as EncryptionMessage } from "./gen/mezite/recording/v1/recording_pb.ts"
import { RecordingError } from "./RecordingError.ts"

/**
 * Where a recording's key comes from: the master key alone (`master`), that and a share that is kept apart from the recording
 * (`split`), or an agreement between a key made for this recording and the one that the master key gives its hub (`agreed`):
 * who writes such a recording needs no secret, and keeps none.
 */
export type KeyScheme = "master" | "split" | "agreed"

/** How payloads are encrypted: AES-256-GCM under a key that comes from the master key with this id. */
export type Encryption =
  | {
      readonly scheme: "master" | "split"
      readonly keyId: string
      /** 32 random bytes. */
      readonly salt: Uint8Array
    }
  | {
      readonly scheme: "agreed"
      readonly keyId: string
      /** The writer's X25519 public key, 32 bytes (RFC 7748). */
      readonly ephemeralKey: Uint8Array
    }

/** The length of AES-GCM's authentication tag, and of a nonce where it stands before the ciphertext. */
export const AUTH_TAG_BYTES = 16
export const NONCE_BYTES = 12

/** Bytes that a stored payload has beside what it holds. With `agreed` a gap stays in clear: it is told by those who have no key. */
export const payloadOverhead = (scheme: KeyScheme | undefined, kind: FrameKind): number => {
  if (scheme === undefined) return 0
  if (scheme !== "agreed") return AUTH_TAG_BYTES
  return kind === FrameKind.Gap ? 0 : NONCE_BYTES + AUTH_TAG_BYTES
}

const ciphers: Record<KeyScheme, Cipher> = {
  master: Cipher.AES_256_GCM,
  split: Cipher.AES_256_GCM_SPLIT,
  agreed: Cipher.X25519_AES_256_GCM,
}

/** The fields of a header's message. */
export const encodeEncryption = (encryption: Encryption) => ({
  cipher: ciphers[encryption.scheme],
  keyId: encryption.keyId,
  ...(encryption.scheme === "agreed" ? { ephemeralKey: encryption.ephemeralKey } : { salt: encryption.salt }),
})

/** Reads a header's message; throws `UnsupportedVersion` or `Corrupt`. */
export const decodeEncryption = (message: EncryptionMessage | undefined, offset: number): Encryption | undefined => {
  if (message === undefined) return undefined
  const { cipher, keyId } = message
  const of32Bytes = (bytes: Uint8Array, what: string) => {
    if (bytes.length !== 32) throw RecordingError.at(offset, "Corrupt", `${what} does not have 32 bytes`)
    return bytes.slice()
  }
  switch (cipher) {
    case Cipher.AES_256_GCM:
      return { scheme: "master", keyId, salt: of32Bytes(message.salt, "the salt") }
    case Cipher.AES_256_GCM_SPLIT:
      return { scheme: "split", keyId, salt: of32Bytes(message.salt, "the salt") }
    case Cipher.X25519_AES_256_GCM:
      return { scheme: "agreed", keyId, ephemeralKey: of32Bytes(message.ephemeralKey, "the ephemeral key") }
    default:
      throw RecordingError.at(offset, "UnsupportedVersion", "it is encrypted in an unknown way")
  }
}
