import { Option } from "effect"
import { type HubAddress, showHubAddress } from "../../api/HubAddress.ts"
import type { HubEntry } from "../../api/PublicRpcs.ts"
import { isUnspecified, type ListenAddress, showListenAddress } from "../../proxy/ListenAddress.ts"

/** What a hub knows of where it is reached. */
export interface HubPlace {
  readonly publicAddress: Option.Option<HubAddress>
  readonly tls: "on" | "off"
  readonly listen: ListenAddress
  readonly ssh: ListenAddress
}

/**
 * Where the others are told that this hub is: what was given, else where it listens, if that is one address and a way in by itself:
 * without TLS it is one on the machine itself alone. Null: nobody is told.
 */
export const hubEntry = ({ publicAddress, tls, listen, ssh }: HubPlace): HubEntry | null => {
  if (Option.isSome(publicAddress)) return { address: showHubAddress(publicAddress.value), ssh_port: ssh.port }
  if (isUnspecified(listen)) return null
  if (tls === "on") return { address: showListenAddress(listen), ssh_port: ssh.port }
  const { host } = listen
  return host === "127.0.0.1" || host === "::1" || host === "localhost"
    ? { address: `http://${showListenAddress(listen)}`, ssh_port: ssh.port }
    : null
}
