import { FrameCipher } from "./FrameCipher.ts"
import type { RecordingHeader } from "./Header.ts"
import type { MasterKey } from "./MasterKey.ts"
import { RecordingError } from "./RecordingError.ts"

/** The master keys at hand: one to write with, and older ones that recordings may still need. */
export class KeyRing {
  /** What new recordings are encrypted with; absent: they are not. */
  readonly current: MasterKey | undefined
  readonly #byId: ReadonlyMap<string, MasterKey>

  constructor(current?: MasterKey, old: ReadonlyArray<MasterKey> = []) {
    this.current = current
    this.#byId = new Map([...old, ...(current === undefined ? [] : [current])].map((key) => [key.id, key]))
  }

  find(keyId: string): MasterKey | undefined {
    return this.#byId.get(keyId)
  }

  /** The cipher for a recording; undefined where it is in clear. Throws `UnknownKey`, which names the key wanted. */
  cipherFor(header: RecordingHeader, offset = 0): FrameCipher | undefined {
    if (header.encryption === undefined) return undefined
    const { keyId, salt } = header.encryption
    const key = this.find(keyId)
    if (key !== undefined) return new FrameCipher(key, header.info.sessionId, salt)
    const given = this.#byId.size === 0 ? "no key was given" : `the keys given are ${[...this.#byId.keys()].join(", ")}`
    throw RecordingError.at(
      offset,
      "UnknownKey",
      `the recording is encrypted with the key ${printable(keyId)}; ${given} (MEZITE_RECORDING_ENC_KEY, MEZITE_RECORDING_ENC_KEYS_OLD)`,
    )
  }
}

/** A key id out of a file may be anything. */
const printable = (keyId: string): string => JSON.stringify(keyId.slice(0, 32)).slice(1, -1)
