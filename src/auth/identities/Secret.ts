import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { Redacted } from "effect"

/** A secret that is handed out once: 32 random bytes in base64url. Only its digest is ever stored. */
export const newSecret = (): Redacted.Redacted<string> => Redacted.make(randomBytes(32).toString("base64url"))

/** SHA-256 in hex. Secrets are 256 random bits, so that no slow hash is needed. */
export const secretDigest = (secret: Redacted.Redacted<string>): string =>
  createHash("sha256").update(Redacted.value(secret)).digest("hex")

/** Whether two digests are the same, in a time that doesn't tell where they differ. */
export const sameDigest = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
