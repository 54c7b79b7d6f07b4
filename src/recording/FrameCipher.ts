import type { KeyObject } from "node:crypto"
import type { Keyframe } from "./End.ts"
import { openPayload, sealPayload } from "./internal/AesGcm.ts"
import { dataLabel, frameData } from "./internal/FrameData.ts"
import type { PayloadDecryption } from "./PayloadDecryption.ts"
import { RecordingError } from "./RecordingError.ts"
import type { WireFrame } from "./WireFrame.ts"

/** The first four bytes of a nonce: a frame and a keyframe of the same number never share one. */
const NONCE_OF = { frame: 0, keyframe: 1 } as const

/**
 * Encrypts and decrypts the payloads of one recording: AES-256-GCM under the recording's own key, with a nonce made of the
 * sequence number, and all else that a frame says as associated data. A frame can't be changed, moved, reordered or
 * brought over from another recording.
 *
 * One (recording, seq) must only ever be encrypted with one content. A writer that would replace a frame already written
 * must begin a new file, with a new salt.
 */
export class FrameCipher implements PayloadDecryption {
  readonly #key: KeyObject
  readonly #frameLabel: Uint8Array
  readonly #keyframeLabel: Uint8Array

  /** `key`: the recording's own, of 32 bytes. */
  constructor(key: KeyObject, sessionId: string) {
    this.#key = key
    this.#frameLabel = dataLabel("mezite-frame-v1", sessionId)
    this.#keyframeLabel = dataLabel("mezite-keyframe-v1", sessionId)
  }

  /** The frame with its payload encrypted: ciphertext, then the 16-byte tag. An empty payload gets its tag, too. */
  encrypt(frame: WireFrame): WireFrame {
    const data = frameData(this.#frameLabel, frame)
    return { ...frame, payload: sealPayload(this.#key, nonce(NONCE_OF.frame, frame.seq), data, frame.payload) }
  }

  decrypt(frame: WireFrame, offset: number): WireFrame {
    const data = frameData(this.#frameLabel, frame)
    const payload = openPayload(this.#key, nonce(NONCE_OF.frame, frame.seq), data, frame.payload)
    if (payload === undefined) throw RecordingError.changedFrame(offset, frame.seq)
    return { ...frame, payload }
  }

  encryptKeyframe(keyframe: Keyframe): Keyframe {
    const data = this.#keyframeData(keyframe)
    return {
      ...keyframe,
      screen: sealPayload(this.#key, nonce(NONCE_OF.keyframe, keyframe.seq), data, keyframe.screen),
    }
  }

  decryptKeyframe(keyframe: Keyframe, offset: number): Keyframe {
    const data = this.#keyframeData(keyframe)
    const screen = openPayload(this.#key, nonce(NONCE_OF.keyframe, keyframe.seq), data, keyframe.screen)
    if (screen === undefined) {
      throw RecordingError.at(offset, "Tampered", `the keyframe of frame ${keyframe.seq} was changed`)
    }
    return { ...keyframe, screen }
  }

  /** "mezite-keyframe-v1" | 0 | session id | 0 | seq (8) | time (8) | offset (8) | cols (4) | rows (4), big endian. */
  #keyframeData(keyframe: Keyframe): Uint8Array {
    const at = this.#keyframeLabel.length
    const data = Buffer.allocUnsafe(at + 32)
    data.set(this.#keyframeLabel)
    data.writeBigUInt64BE(BigInt(keyframe.seq), at)
    data.writeBigUInt64BE(BigInt(keyframe.timeMs), at + 8)
    data.writeBigUInt64BE(BigInt(keyframe.offset), at + 16)
    data.writeUInt32BE(keyframe.cols, at + 24)
    data.writeUInt32BE(keyframe.rows, at + 28)
    return data
  }
}

const nonce = (use: number, seq: number): Uint8Array => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(use, 0)
  bytes.writeBigUInt64BE(BigInt(seq), 4)
  return bytes
}
