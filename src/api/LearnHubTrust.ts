import { Effect, Option } from "effect"
import { type HubAddress, hubAuthority } from "./HubAddress.ts"
import { HubNotTrusted } from "./HubNotTrusted.ts"
import { type HubPin, pinOf, samePin } from "./HubPin.ts"
import { HubTrust } from "./HubTrust.ts"
import { HubUnreachable } from "./HubUnreachable.ts"
import { peerCertificate } from "./internal/PeerCertificate.ts"

/**
 * How to trust the hub at an address: with a pin, connects once (10 s at most), compares the hub's key with it and keeps
 * its certificate; without, leaves it to the system's authorities. Nothing is sent to a hub whose key is another.
 */
export const learnHubTrust = Effect.fn("Api.learnHubTrust")(function* (
  address: HubAddress,
  pin: Option.Option<HubPin>,
): Effect.fn.Return<HubTrust, HubUnreachable | HubNotTrusted> {
  if (!address.tls) return HubTrust.Plain()
  if (Option.isNone(pin)) return HubTrust.System()
  const authority = hubAuthority(address)
  const certificate = yield* peerCertificate(address).pipe(
    Effect.timeoutFail({
      duration: "10 seconds",
      onTimeout: () => new HubUnreachable({ message: `the hub at ${authority} did not answer within 10 s` }),
    }),
  )
  const seen = pinOf(certificate)
  if (samePin(seen, pin.value)) return HubTrust.Pinned({ pin: pin.value, certificate: certificate.toString() })
  return yield* new HubNotTrusted({
    message: `the hub's key is ${seen}, not the pinned ${pin.value}: either ${authority} is another hub, or its key was replaced; ask its admin for the pin`,
  })
})
