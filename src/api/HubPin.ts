import { createHash, timingSafeEqual, X509Certificate } from "node:crypto"
import { Schema } from "effect"

/** A hub's public key, pinned: `sha256:` and the SHA-256 of its SubjectPublicKeyInfo (DER) in 64 lower-case hex digits. */
export const HubPin = Schema.String.pipe(
  Schema.pattern(/^sha256:[0-9a-f]{64}$/, {
    message: () => "a pin is sha256: and 64 lower-case hex digits, as the hub prints it (ca_pin=sha256:…)",
  }),
  Schema.brand("HubPin"),
)
export type HubPin = typeof HubPin.Type

/** The pin of a certificate's key. Takes PEM or DER; throws what `X509Certificate` throws on anything else. */
export const pinOf = (certificate: string | Uint8Array): HubPin => {
  const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" })
  return HubPin.make(`sha256:${createHash("sha256").update(spki).digest("hex")}`)
}

/** Whether two pins are the same; takes as long for any two. */
export const samePin = (one: HubPin, other: HubPin): boolean => timingSafeEqual(Buffer.from(one), Buffer.from(other))
