import { timingSafeEqual } from "node:crypto"
import { RecordingError } from "../RecordingError.ts"
import { type Seal, sealMessage } from "../Seal.ts"
import type { VerifyingKey } from "../VerifyingKey.ts"

/** What a seal at this place must say. */
interface ExpectedSeal {
  readonly sessionId: string
  readonly seq: number
  readonly endOffset: number
  /** Absent where reading began in the middle of the file. */
  readonly digest: Uint8Array | undefined
}

/**
 * Whether the seal's signature was checked and fits: true with `publicKeys`, else false. Throws `Tampered` or `UnknownKey`
 * where anything that can be checked does not fit.
 */
export const checkSeal = (
  seal: Seal,
  expected: ExpectedSeal,
  publicKeys: ReadonlyArray<VerifyingKey> | undefined,
  offset: number,
): boolean => {
  const tampered = (what: string) => RecordingError.at(offset, "Tampered", what)
  if (seal.seq !== expected.seq || seal.endOffset !== expected.endOffset) {
    throw tampered("a seal that does not belong here")
  }
  if (expected.digest === undefined) return false
  if (!timingSafeEqual(seal.digest, expected.digest)) throw tampered("bytes before this seal were changed")
  if (publicKeys === undefined) return false
  const key = publicKeys.find(({ id }) => timingSafeEqual(id, seal.keyId))
  if (key === undefined) {
    const id = Buffer.from(seal.keyId).toString("hex")
    throw RecordingError.at(offset, "UnknownKey", `sealed with the key ${id}, which is none of those given`)
  }
  if (!key.verify(sealMessage(expected.sessionId, seal), seal.signature))
    throw tampered("a seal with a forged signature")
  return true
}
