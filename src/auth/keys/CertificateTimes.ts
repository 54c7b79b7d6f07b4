import { Either } from "effect"
import { type OpenSshCertificate, parseCertificate } from "../../ssh/OpenSshCertificate.ts"

/** Certificates begin this long before they are made, for verifiers whose clocks are behind. */
export const certificateSkewSeconds = 60

/** When the hub made it, by the hub's own clock: Unix milliseconds, whole seconds. */
export const issuedAtMs = ({ validAfter }: OpenSshCertificate): number =>
  (Number(validAfter) + certificateSkewSeconds) * 1000

/** The same of a certificate's blob that was verified before; 0 for what is none. */
export const blobIssuedAtMs = (blob: Uint8Array): number =>
  Either.match(parseCertificate(blob), { onLeft: () => 0, onRight: issuedAtMs })

/** The only principal of a user without logins, since a certificate without any is for anybody; no account can be called so. */
export const noLogin = "-mezite-nologin"
