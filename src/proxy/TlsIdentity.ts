import { generateKeyPairSync, X509Certificate } from "node:crypto"
import { hostname } from "node:os"
import { createSecureContext } from "node:tls"
import { Effect, Redacted, Schema } from "effect"
import { type HubPin, pinOf } from "../api/HubPin.ts"
import { selfSignedCertificate } from "./internal/SelfSignedCertificate.ts"

/** The key with which the hub ends TLS. */
export interface TlsIdentity {
  /** The certificate, and its chain where it has one, in PEM. */
  readonly certificate: string
  /** PKCS #8 in PEM. */
  readonly privateKey: Redacted.Redacted<string>
  /** Of the first certificate's key. */
  readonly pin: HubPin
}

/** The certificate and the key do not serve; the message says which and why. */
export class TlsIdentityError extends Schema.TaggedError<TlsIdentityError>()("TlsIdentityError", {
  message: Schema.String,
}) {}

const validYears = 10

/** Names that the certificate is for, besides those that the operator gives. */
const ownNames = () => ["localhost", "127.0.0.1", "::1", hostname()]

const years = (from: Date, count: number): Date => {
  const date = new Date(from)
  date.setUTCFullYear(from.getUTCFullYear() + count)
  return date
}

/** A new EC P-256 key and a self-signed certificate, valid for 10 years, for localhost, this host's name and `names`. */
export const generateTlsIdentity = Effect.fn("TlsIdentity.generate")(function* (
  names: ReadonlyArray<string>,
  now: Date,
): Effect.fn.Return<TlsIdentity, TlsIdentityError> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const certificate = selfSignedCertificate({
    key: privateKey,
    commonName: "mezite hub",
    names: [...new Set([...ownNames(), ...names])],
    // Clients whose clocks are a little behind must take it at once.
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: years(now, validYears),
  })
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  return yield* tlsIdentityFromPem(certificate, Redacted.make(pem))
})

/** A certificate (its chain may follow) and its private key, both PEM, whether kept by us or given by the operator. */
export const tlsIdentityFromPem = (
  certificate: string,
  privateKey: Redacted.Redacted<string>,
): Effect.Effect<TlsIdentity, TlsIdentityError> =>
  Effect.try({
    try: () => {
      const expiry = new Date(new X509Certificate(certificate).validTo)
      if (expiry.getTime() < Date.now()) throw new Error(`the certificate expired at ${expiry.toISOString()}`)
      // Refuses a key that is not the certificate's.
      createSecureContext({ cert: certificate, key: Redacted.value(privateKey) })
      return { certificate, privateKey, pin: pinOf(certificate) }
    },
    catch: (cause) =>
      new TlsIdentityError({
        message: `the TLS certificate or key cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      }),
  })
