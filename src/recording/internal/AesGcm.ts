import { type CipherKey, createCipheriv, createDecipheriv } from "node:crypto"
import { AUTH_TAG_BYTES } from "../Encryption.ts"

const ALGORITHM = "aes-256-gcm"

/** Room for `before` bytes of the caller's, then ciphertext, then the 16-byte tag. */
export const sealPayload = (
  key: CipherKey,
  iv: Uint8Array,
  data: Uint8Array,
  clear: Uint8Array,
  before = 0,
): Uint8Array => {
  const cipher = createCipheriv(ALGORITHM, key, iv)
  cipher.setAAD(data)
  const sealed = new Uint8Array(before + clear.length + AUTH_TAG_BYTES)
  sealed.set(cipher.update(clear), before)
  cipher.final()
  sealed.set(cipher.getAuthTag(), before + clear.length)
  return sealed
}

/** What `sealed`, ciphertext and tag, holds; undefined where the tag does not fit. */
export const openPayload = (
  key: CipherKey,
  iv: Uint8Array,
  data: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined => {
  const length = sealed.length - AUTH_TAG_BYTES
  if (length < 0) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: AUTH_TAG_BYTES })
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
