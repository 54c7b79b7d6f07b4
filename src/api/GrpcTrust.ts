import { isIP } from "node:net"
import { createSecureContext } from "node:tls"
import { ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js"
import type { HubAddress } from "./HubAddress.ts"
import { HubTrust, identityByPin } from "./HubTrust.ts"

/** What trusts a hub on a gRPC channel to `hubAuthority(address)`. Apart from `HubTrust`, since who calls by no gRPC need not load it. */
export const grpcCredentials = (trust: HubTrust): ChannelCredentials =>
  HubTrust.$match(trust, {
    Pinned: ({ pin, certificate }) =>
      ChannelCredentials.createFromSecureContext(
        createSecureContext({ ca: certificate, allowPartialTrustChain: true, minVersion: "TLSv1.2" }),
        { checkServerIdentity: identityByPin(pin) },
      ),
    System: () => ChannelCredentials.createSsl(),
    Plain: () => ChannelCredentials.createInsecure(),
  })

/** Options for the same channel: an IP address is no server name (RFC 6066, 3), and gRPC would send it as one. */
export const grpcChannelOptions = (trust: HubTrust, { host }: HubAddress): ChannelOptions =>
  trust._tag === "Pinned" && isIP(host) !== 0 ? { "grpc.ssl_target_name_override": "localhost" } : {}
