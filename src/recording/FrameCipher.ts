import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto"
import type { Keyframe } from "./End.ts"
import { RecordingError } from "./RecordingError.ts"
import { AUTH_TAG_BYTES, type WireFrame } from "./WireFrame.ts"

/** The first four bytes of a nonce: a frame and a keyframe of the same number never share one. */
const NONCE_OF = { frame: 0, keyframe: 1 } as const

const ALGORITHM = "aes-256-gcm"

/**
 * Encrypts and decrypts the payloads of one recording: AES-256-GCM under the recording's own key, with a nonce made of the
 * sequence number, and all else that a frame says as associated data. A frame can't be changed, moved, reordered or
 * brought over from another recording.
 *
 * One (recording, seq) must only ever be encrypted with one content. A writer that would replace a frame already written
 * must begin a new file, with a new salt.
 */
export class FrameCipher {
  readonly #key: KeyObject
  readonly #session: Uint8Array

  /** `key`: the recording's own, of 32 bytes. */
  constructor(key: KeyObject, sessionId: string) {
    this.#key = key
    this.#session = new TextEncoder().encode(`\0${sessionId}\0`)
  }

  /** The frame with its payload encrypted: ciphertext, then the 16-byte tag. An empty payload gets its tag, too. */
  encrypt(frame: WireFrame): WireFrame {
    return { ...frame, payload: this.#seal(nonce(NONCE_OF.frame, frame.seq), this.#frameData(frame), frame.payload) }
  }

  /** The frame with its payload in clear, still compressed if it was; throws `Tampered`. */
  decrypt(frame: WireFrame, offset: number): WireFrame {
    const payload = this.#open(nonce(NONCE_OF.frame, frame.seq), this.#frameData(frame), frame.payload)
    if (payload === undefined) {
      throw RecordingError.at(offset, "Tampered", `frame ${frame.seq} was changed: its authentication tag does not fit`)
    }
    return { ...frame, payload }
  }

  encryptKeyframe(keyframe: Keyframe): Keyframe {
    const data = this.#keyframeData(keyframe)
    return { ...keyframe, screen: this.#seal(nonce(NONCE_OF.keyframe, keyframe.seq), data, keyframe.screen) }
  }

  /** The keyframe with its screen in clear; throws `Tampered`. */
  decryptKeyframe(keyframe: Keyframe, offset: number): Keyframe {
    const data = this.#keyframeData(keyframe)
    const screen = this.#open(nonce(NONCE_OF.keyframe, keyframe.seq), data, keyframe.screen)
    if (screen === undefined) {
      throw RecordingError.at(offset, "Tampered", `the keyframe of frame ${keyframe.seq} was changed`)
    }
    return { ...keyframe, screen }
  }

  /** "mezite-frame-v1" | 0 | session id | 0 | seq (8) | time (8) | kind (1) | flags (1) | size (4), big endian. */
  #frameData(frame: WireFrame): Uint8Array {
    const data = Buffer.allocUnsafe(FRAME_LABEL.length + this.#session.length + 22)
    const at = this.#label(data, FRAME_LABEL)
    data.writeBigUInt64BE(BigInt(frame.seq), at)
    data.writeBigUInt64BE(BigInt(frame.timeMs), at + 8)
    data[at + 16] = frame.kind
    data[at + 17] = (frame.compressed ? 1 : 0) | (frame.masked ? 2 : 0)
    data.writeUInt32BE(frame.size, at + 18)
    return data
  }

  /** "mezite-keyframe-v1" | 0 | session id | 0 | seq (8) | time (8) | offset (8) | cols (4) | rows (4), big endian. */
  #keyframeData(keyframe: Keyframe): Uint8Array {
    const data = Buffer.allocUnsafe(KEYFRAME_LABEL.length + this.#session.length + 32)
    const at = this.#label(data, KEYFRAME_LABEL)
    data.writeBigUInt64BE(BigInt(keyframe.seq), at)
    data.writeBigUInt64BE(BigInt(keyframe.timeMs), at + 8)
    data.writeBigUInt64BE(BigInt(keyframe.offset), at + 16)
    data.writeUInt32BE(keyframe.cols, at + 24)
    data.writeUInt32BE(keyframe.rows, at + 28)
    return data
  }

  #label(data: Uint8Array, label: Uint8Array): number {
    data.set(label)
    data.set(this.#session, label.length)
    return label.length + this.#session.length
  }

  #seal(iv: Uint8Array, data: Uint8Array, clear: Uint8Array): Uint8Array {
    const cipher = createCipheriv(ALGORITHM, this.#key, iv)
    cipher.setAAD(data)
    const sealed = new Uint8Array(clear.length + AUTH_TAG_BYTES)
    sealed.set(cipher.update(clear))
    cipher.final()
    sealed.set(cipher.getAuthTag(), clear.length)
    return sealed
  }

  #open(iv: Uint8Array, data: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - AUTH_TAG_BYTES
    if (length < 0) return undefined
    const decipher = createDecipheriv(ALGORITHM, this.#key, iv, { authTagLength: AUTH_TAG_BYTES })
    decipher.setAAD(data)
    decipher.setAuthTag(sealed.subarray(length))
    const clear = decipher.update(sealed.subarray(0, length))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return clear
  }
}

const FRAME_LABEL = new TextEncoder().encode("mezite-frame-v1")
const KEYFRAME_LABEL = new TextEncoder().encode("mezite-keyframe-v1")

const nonce = (use: number, seq: number): Uint8Array => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(use, 0)
  bytes.writeBigUInt64BE(BigInt(seq), 4)
  return bytes
}
