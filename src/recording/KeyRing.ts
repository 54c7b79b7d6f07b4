import type { KeyObject } from "node:crypto"
import { Option } from "effect"
import { AgreedCipher } from "./AgreedCipher.ts"
import type { Encryption } from "./Encryption.ts"
import { FrameCipher } from "./FrameCipher.ts"
import type { RecordingHeader } from "./Header.ts"
import type { KeyShare } from "./KeyShare.ts"
import type { MasterKey } from "./MasterKey.ts"
import type { PayloadDecryption } from "./PayloadDecryption.ts"
import { RecordingError } from "./RecordingError.ts"

type OwnEncryption = Exclude<Encryption, { readonly scheme: "agreed" }>

/** The master keys at hand: one to write with, and older ones that recordings may still need. */
export class KeyRing {
  /** What new recordings are encrypted with; absent: they are not. */
  readonly current: MasterKey | undefined
  readonly #byId: ReadonlyMap<string, MasterKey>
  readonly #share: KeyShare | undefined

  constructor(current?: MasterKey, old: ReadonlyArray<MasterKey> = [], share?: KeyShare) {
    this.current = current
    this.#byId = new Map([...old, ...(current === undefined ? [] : [current])].map((key) => [key.id, key]))
    this.#share = share
  }

  /** The same keys, for the one recording whose share this is. */
  withShare(share: KeyShare | undefined): KeyRing {
    return new KeyRing(this.current, [...this.#byId.values()], share)
  }

  /** All of them by their ids. */
  get ids(): ReadonlyArray<string> {
    return [...this.#byId.keys()]
  }

  find(keyId: string): MasterKey | undefined {
    return this.#byId.get(keyId)
  }

  /** What gives a recording's payloads; undefined where it is in clear. Throws `UnknownKey`, which names the key wanted. */
  cipherFor(header: RecordingHeader, offset = 0): PayloadDecryption | undefined {
    const { encryption, info } = header
    if (encryption?.scheme !== "agreed") return this.writingCipher(header, offset)
    const key = this.#find(encryption.keyId, offset).agreedRecordingKey(info.sessionId, encryption.ephemeralKey)
    if (Option.isSome(key)) return new AgreedCipher(key.value, info.sessionId)
    throw RecordingError.at(offset, "Corrupt", "the ephemeral key gives no key")
  }

  /** The cipher of a recording that is written with these keys; as `cipherFor`. */
  writingCipher({ encryption, info: { sessionId } }: RecordingHeader, offset = 0): FrameCipher | undefined {
    if (encryption === undefined) return undefined
    if (encryption.scheme !== "agreed") return new FrameCipher(this.#keyOf(encryption, sessionId, offset), sessionId)
    throw RecordingError.at(offset, "UnknownKey", "only who began this recording can go on with it")
  }

  #keyOf({ scheme, keyId, salt }: OwnEncryption, sessionId: string, offset: number): KeyObject {
    const key = this.#find(keyId, offset)
    if (scheme === "master") return key.recordingKey(sessionId, salt)
    if (this.#share === undefined) {
      const problem = "the share of its key that its hub keeps was not given, or is destroyed"
      throw RecordingError.at(
        offset,
        "UnknownKey",
        `the recording cannot be read with the key ${keyId} alone: ${problem}`,
      )
    }
    return key.splitRecordingKey(sessionId, salt, this.#share)
  }

  #find(keyId: string, offset: number): MasterKey {
    const key = this.find(keyId)
    if (key === undefined) throw this.#unknown(keyId, offset)
    return key
  }

  #unknown(keyId: string, offset: number): RecordingError {
    const given = this.#byId.size === 0 ? "no key was given" : `the keys given are ${this.ids.join(", ")}`
    return RecordingError.at(
      offset,
      "UnknownKey",
      `the recording is encrypted with the key ${printable(keyId)}; ${given} (MEZITE_RECORDING_ENC_KEY, MEZITE_RECORDING_ENC_KEYS_OLD)`,
    )
  }
}

/** A key id out of a file may be anything. */
const printable = (keyId: string): string => JSON.stringify(keyId.slice(0, 32)).slice(1, -1)
