import { createHash, randomBytes } from "node:crypto"
import { Redacted } from "effect"

/** A secret that is handed out once: 32 random bytes in base64url. Only its digest is ever stored. */
export const newSecret = (): Redacted.Redacted<string> => Redacted.make(randomBytes(32).toString("base64url"))

/** SHA-256 in hex. Secrets are 256 random bits, so that no slow hash is needed. */
export const secretDigest = (secret: Redacted.Redacted<string>): string =>
  createHash("sha256").update(Redacted.value(secret)).digest("hex")
