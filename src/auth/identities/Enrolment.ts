import { Redacted } from "effect"
import { toBase32 } from "./Base32.ts"

/** What a user puts into an authenticator app. */
export interface Enrolment {
  readonly secret: Redacted.Redacted<string>
  /** The `otpauth` URI that authenticator apps read as a QR code (their "Key Uri Format"); SHA-1, six digits and 30 s are its defaults. */
  readonly otpauth: Redacted.Redacted<string>
}

/** A secret in the forms that authenticator apps take. */
export const enrolment = (secret: Uint8Array, user: string, cluster: string): Enrolment => {
  const text = toBase32(secret)
  const [issuer, account] = [encodeURIComponent(cluster), encodeURIComponent(user)]
  return {
    secret: Redacted.make(text),
    otpauth: Redacted.make(`otpauth://totp/${issuer}:${account}?secret=${text}&issuer=${issuer}`),
  }
}
