import type { PeerCertificate } from "node:tls"
import { Data } from "effect"
import type { HubAddress } from "./HubAddress.ts"
import { type HubPin, pinOf, samePin } from "./HubPin.ts"

/** Why a hub is believed to be who it says it is. One value serves TLS, WebSocket and gRPC alike. */
export type HubTrust = Data.TaggedEnum<{
  /** Its key has this pin, and `certificate` (PEM) is the one that it showed: the only one that is accepted. */
  Pinned: { readonly pin: HubPin; readonly certificate: string }
  /** The system's authorities vouch for its host name. */
  System: object
  /** Nothing does: plain HTTP, on loopback. */
  Plain: object
}>
export const HubTrust = Data.taggedEnum<HubTrust>()

/** How each of a cluster's hubs is trusted where one of them is trusted like this: they have one key. */
export const trustedAlike =
  (one: HubTrust) =>
  ({ tls }: HubAddress): HubTrust => {
    if (!tls) return HubTrust.Plain()
    return one._tag === "Pinned" ? one : HubTrust.System()
  }

/** Refuses a certificate whose key has another pin, for `checkServerIdentity`. */
export const identityByPin =
  (pin: HubPin) =>
  (_host: string, certificate: PeerCertificate): Error | undefined => {
    const seen = pinOf(certificate.raw)
    return samePin(seen, pin) ? undefined : new Error(`the hub's key is ${seen}, not the pinned ${pin}`)
  }

/** Options for `tls.connect`, `https` and `ws`. A pinned key is checked at each connection; the host name is then not. */
export const tlsOptions = (trust: HubTrust) =>
  trust._tag === "Pinned"
    ? {
        ca: trust.certificate,
        allowPartialTrustChain: true,
        checkServerIdentity: identityByPin(trust.pin),
        minVersion: "TLSv1.2" as const,
      }
    : { minVersion: "TLSv1.2" as const }
