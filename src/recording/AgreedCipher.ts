import { FrameKind } from "../domain/Frame.ts"
import { NONCE_BYTES } from "./Encryption.ts"
import type { Keyframe } from "./End.ts"
import { openPayload, sealPayload } from "./internal/AesGcm.ts"
import { dataLabel, frameData } from "./internal/FrameData.ts"
import type { PayloadDecryption } from "./PayloadDecryption.ts"
import { RecordingError } from "./RecordingError.ts"
import type { WireFrame } from "./WireFrame.ts"

/**
 * Encrypts and decrypts the payloads of one recording under a key that was agreed upon for it: AES-256-GCM, with all else that a
 * frame says as associated data. A nonce is the number of frames that were encrypted before, and stands before the ciphertext:
 * the file of a writer whose disk failed may have other frames under numbers that are gone. Gaps stay in clear.
 */
export class AgreedCipher implements PayloadDecryption {
  readonly #key: Uint8Array
  readonly #label: Uint8Array
  #encrypted = 0n

  /** `key`: 32 bytes, this cipher's own from now on. Who decrypts and who encrypts each have one. */
  constructor(key: Uint8Array, sessionId: string) {
    this.#key = key
    this.#label = dataLabel("mezite-spool-frame-v1", sessionId)
  }

  /** The frame with its payload encrypted: nonce, ciphertext, tag. Not to be called after `forget`. */
  encrypt(frame: WireFrame): WireFrame {
    if (frame.kind === FrameKind.Gap) return frame
    const nonce = Buffer.alloc(NONCE_BYTES)
    nonce.writeBigUInt64BE(this.#encrypted, 4)
    this.#encrypted += 1n
    const payload = sealPayload(this.#key, nonce, frameData(this.#label, frame), frame.payload, NONCE_BYTES)
    payload.set(nonce)
    return { ...frame, payload }
  }

  decrypt(frame: WireFrame, offset: number): WireFrame {
    if (frame.kind === FrameKind.Gap) return frame
    const [nonce, sealed] = [frame.payload.subarray(0, NONCE_BYTES), frame.payload.subarray(NONCE_BYTES)]
    const payload =
      nonce.length === NONCE_BYTES ? openPayload(this.#key, nonce, frameData(this.#label, frame), sealed) : undefined
    if (payload === undefined) throw RecordingError.changedFrame(offset, frame.seq)
    return { ...frame, payload }
  }

  /** There are none where a key is agreed upon. */
  decryptKeyframe(_: Keyframe, offset: number): Keyframe {
    throw RecordingError.at(offset, "Corrupt", "a keyframe where there can be none")
  }

  /** Overwrites the key: from now on nobody here can read what was encrypted. */
  forget(): void {
    this.#key.fill(0)
  }
}
