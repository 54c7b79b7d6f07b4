import { randomBytes } from "node:crypto"
import type { SessionEnd } from "../domain/SessionEnd.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { encodeEndEntry, type Keyframe, type RecordingEnd } from "./End.ts"
import { MAGIC } from "./EntrySplitter.ts"
import type { FrameCipher } from "./FrameCipher.ts"
import { encodeHeaderEntry, type RecordingHeader } from "./Header.ts"
import { thinKeyframes } from "./internal/KeyframeBudget.ts"
import { KeyRing } from "./KeyRing.ts"
import type { KeyShare } from "./KeyShare.ts"
import { Limits } from "./Limits.ts"
import type { MasterKey } from "./MasterKey.ts"
import { Progress } from "./Progress.ts"
import type { ScannedRecording } from "./RecordingScanner.ts"
import { encodeSealEntry, sealMessage } from "./Seal.ts"
import type { SigningKey } from "./SigningKey.ts"
import { checkFrame, encodeFrameEntry, type WireFrame } from "./WireFrame.ts"

export interface RecordingWriterOptions {
  readonly info: SessionInfo
  /** Whether frames may be compressed; true where not given. */
  readonly deflate?: boolean
  /** Payloads are encrypted with it; absent: they are in clear. */
  readonly key?: MasterKey
  /** A share of the key that is kept apart from the recording, which can then be made unreadable for good. */
  readonly share?: KeyShare
  /** Seals are made with it; absent: there are none. */
  readonly signer?: SigningKey
  /** 32 bytes for the key's derivation; random where not given, and only a test gives it. */
  readonly salt?: Uint8Array
}

/** What the End says beyond what the writer counted itself. */
export interface FinishOptions {
  /** Screens in clear, each with the writer's `offset` before its frame was appended; thinned out to fit. */
  readonly keyframes?: ReadonlyArray<Keyframe>
  /** The recorder's digest, where it sent one; else the writer's own is used, where it is known. */
  readonly framesDigest?: Uint8Array
}

const encryptionOf = ({ key, share, salt }: RecordingWriterOptions): Pick<RecordingHeader, "encryption"> =>
  key === undefined
    ? {}
    : {
        encryption: {
          scheme: share === undefined ? "master" : "split",
          keyId: key.id,
          salt: salt ?? randomBytes(32),
        },
      }

/**
 * Writes a recording: frames in, bytes out, with no clock and no file. Bytes collect until `take`; once they are written
 * and synced, everything appended before is durable. `nowMs` is any clock's, the same one throughout.
 *
 * Seals, where there is a signer: never more than 64 KiB and one frame without one, if `seal` is called when `sealDue`.
 */
export class RecordingWriter {
  readonly header: RecordingHeader
  readonly #progress: Progress
  readonly #cipher: FrameCipher | undefined
  readonly #signer: SigningKey | undefined
  #pending: Array<Uint8Array> = []
  #unsealedSince: number | undefined
  #finished = false

  private constructor(
    header: RecordingHeader,
    progress: Progress,
    cipher: FrameCipher | undefined,
    signer: SigningKey | undefined,
  ) {
    this.header = header
    this.#progress = progress
    this.#cipher = cipher
    this.#signer = signer
  }

  /** A new recording, its magic line and header pending. Throws `TooLarge` for a header over 1 MiB. */
  static begin(options: RecordingWriterOptions): RecordingWriter {
    const { info, key, signer, share } = options
    const header: RecordingHeader = { info, deflate: options.deflate ?? true, ...encryptionOf(options) }
    const progress = Progress.atStart()
    progress.startFramesHash()
    const writer = new RecordingWriter(header, progress, new KeyRing(key, [], share).writingCipher(header), signer)
    const entry = encodeHeaderEntry(header)
    writer.#emit(MAGIC)
    writer.#emit(entry)
    return writer
  }

  /**
   * Goes on with a recording that was scanned and then truncated to `progress.offset`; to be called once for a scan.
   * Throws `UnknownKey` where it is encrypted with a key that `keys` does not have.
   */
  static resume(
    prefix: Extract<ScannedRecording, { _tag: "Prefix" }>,
    options: { readonly keys?: KeyRing; readonly signer?: SigningKey } = {},
  ): RecordingWriter {
    const cipher = (options.keys ?? new KeyRing()).writingCipher(prefix.header)
    return new RecordingWriter(prefix.header, prefix.progress, cipher, options.signer)
  }

  /** Bytes written so far, those still pending included. */
  get offset(): number {
    return this.#progress.offset
  }

  /** The last frame's number; 0 before the first. */
  get seq(): number {
    return this.#progress.seq
  }

  /** The last frame's time. */
  get timeMs(): number {
    return this.#progress.timeMs
  }

  /**
   * Appends a frame in clear, compressed or not, and seals where that is due. `raw` is the frame's entry as it was
   * received: it is stored as it is, uncopied, unless it must be encrypted. Throws `Corrupt` or `TooLarge` for a frame that is not
   * the next one, or whose parts do not agree; the writer is then as it was.
   */
  append(frame: WireFrame, nowMs: number, raw?: Uint8Array): void {
    if (this.#finished) throw new Error("RecordingWriter.append: the recording is finished")
    checkFrame(frame, { deflate: this.header.deflate }, this.#progress.offset)
    this.#progress.checkNext(frame)
    const clear = raw ?? (this.#cipher === undefined || this.#progress.framesHash ? encodeFrameEntry(frame) : undefined)
    const stored = this.#cipher === undefined ? clear : encodeFrameEntry(this.#cipher.encrypt(frame))
    if (clear !== undefined) this.#progress.framesHash?.update(clear)
    this.#progress.addFrame(frame)
    if (stored !== undefined) this.#emit(stored)
    this.#unsealedSince ??= nowMs
    if (this.sealDue(nowMs)) this.seal()
  }

  /** Whether 64 KiB, or 10 seconds since the first frame, are without a seal. */
  sealDue(nowMs: number): boolean {
    if (this.#signer === undefined || this.#unsealedSince === undefined) return false
    const unsealed = this.#progress.offset - (this.#progress.sealed?.offset ?? 0)
    return unsealed >= Limits.unsealedBytes || nowMs - this.#unsealedSince >= Limits.unsealedMillis
  }

  /** Seals everything so far; nothing where there is no signer, or no byte since the last seal. */
  seal(): void {
    if (this.#finished || this.#progress.sealed?.offset === this.#progress.offset) return
    this.#writeSeal(0)
    this.#progress.addSeal()
    this.#unsealedSince = undefined
  }

  /** SHA-256 over the frames' entries as they were given; undefined in a resumed recording that is encrypted. */
  get framesDigest(): Uint8Array | undefined {
    return this.#progress.framesHash?.copy().digest()
  }

  /** SHA-256 over every byte of the file so far. */
  get digest(): Uint8Array | undefined {
    return this.#progress.hash?.copy().digest()
  }

  /** Writes End and the last seal, and returns what End says. Throws `Corrupt` for keyframes out of order. */
  finish(end: SessionEnd, options: FinishOptions = {}): RecordingEnd {
    if (this.#finished) throw new Error("RecordingWriter.finish: the recording is finished")
    const { seq, outputBytes, inputBytes, seekTable, offset } = this.#progress
    const cipher = this.#cipher
    const keyframes = thinKeyframes(options.keyframes ?? [])
    const full: RecordingEnd = {
      ...end,
      frames: seq,
      outputBytes,
      inputBytes,
      framesDigest: options.framesDigest ?? this.framesDigest ?? new Uint8Array(0),
      seekPoints: seekTable.points,
      keyframes: cipher === undefined ? keyframes : keyframes.map((keyframe) => cipher.encryptKeyframe(keyframe)),
    }
    this.#emit(encodeEndEntry(full))
    this.#writeSeal(offset)
    this.#finished = true
    return full
  }

  /** The bytes to write next, in order; they are the caller's from now on. */
  take(): Array<Uint8Array> {
    const pending = this.#pending
    this.#pending = []
    return pending
  }

  #writeSeal(endOffset: number): void {
    const digest = this.#progress.hash?.copy().digest()
    if (this.#signer === undefined || digest === undefined) return
    const statement = { seq: this.#progress.seq, digest, endOffset }
    const signature = this.#signer.sign(sealMessage(this.header.info.sessionId, statement))
    this.#emit(encodeSealEntry({ ...statement, signature, keyId: this.#signer.publicKey.id }))
  }

  #emit(bytes: Uint8Array): void {
    this.#progress.addBytes(bytes)
    this.#pending.push(bytes)
  }
}
