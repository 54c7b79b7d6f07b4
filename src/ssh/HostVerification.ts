import { Data, Either } from "effect"
import { verifyCertificate } from "./CertificateVerification.ts"
import { type OpenSshCertificate, parseCertificate } from "./OpenSshCertificate.ts"
import { fingerprint } from "./OpenSshKey.ts"

/** How a client knows its server. There is no trust on first use. */
export type HostVerification = Data.TaggedEnum<{
  /** By a host certificate of one of these authorities (blobs of Ed25519 keys) for this name. Ed25519 and ECDSA host keys. */
  Authority: { readonly authorities: ReadonlyArray<Uint8Array>; readonly principal: string }
  /** By one of these plain host keys (blobs). */
  Pinned: { readonly keys: ReadonlyArray<Uint8Array> }
}>
export const HostVerification = Data.taggedEnum<HostVerification>()

const certified = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]

/** The host key algorithms that a client may offer: only those with which the server can prove itself. */
export const hostKeyAlgorithms = HostVerification.$match({
  Authority: () => certified.map((type) => `${type}-cert-v01@openssh.com`),
  Pinned: ({ keys }) => keys.flatMap((key) => algorithmsOf(key)),
})

const algorithmsOf = (blob: Uint8Array): ReadonlyArray<string> => {
  const bytes = Buffer.from(blob)
  const type = bytes.length < 4 ? "" : bytes.toString("latin1", 4, 4 + bytes.readUInt32BE(0))
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]
}

/** A server's host key that was accepted; the certificate's plain key is what signs the exchange. */
export interface AcceptedHost {
  readonly certificate?: OpenSshCertificate
}

/** Accepts a server's host key or certificate, or says why not. That the server holds the key is proved by the exchange. */
export const verifyHost = (
  verification: HostVerification,
  blob: Buffer,
  nowMs: number,
): Either.Either<AcceptedHost, string> =>
  HostVerification.$match(verification, {
    Pinned: ({ keys }) =>
      keys.some((key) => blob.equals(key))
        ? Either.right({})
        : Either.left(`the server's host key ${fingerprint(blob)} is not the one that was expected`),
    Authority: ({ authorities, principal }) =>
      parseCertificate(blob).pipe(
        Either.flatMap((certificate) =>
          verifyCertificate(certificate, { kind: "host", authorities, principal, nowMs }).pipe(
            Either.map(() => certificate),
          ),
        ),
        Either.mapBoth({
          onLeft: ({ message }) => `the server is not proven to be "${principal}": ${message}`,
          onRight: (certificate) => ({ certificate }),
        }),
      ),
  })
