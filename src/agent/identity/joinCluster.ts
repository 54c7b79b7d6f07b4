import { Effect, Option, type Redacted } from "effect"
import { type HubAddress, showHubAddress } from "../../api/HubAddress.ts"
import { hubRpcClient } from "../../api/HubRpcClient.ts"
import type { HubTrust } from "../../api/HubTrust.ts"
import { PublicRpcs } from "../../api/PublicRpcs.ts"
import type { NodeName } from "../../domain/Identifiers.ts"
import { generateEd25519, publicKeyLine } from "../../ssh/OpenSshKey.ts"
import type { NodeIdentity } from "./NodeIdentity.ts"

export interface JoinOptions {
  readonly hub: HubAddress
  readonly trust: HubTrust
  readonly token: Redacted.Redacted<string>
  readonly name: NodeName
  readonly labels: Readonly<Record<string, string>>
}

const pem = (key: ReturnType<typeof generateEd25519>): string => key.export({ type: "pkcs8", format: "pem" }).toString()

/** Makes this machine a node of the cluster: makes its keys, and shows the hub their public halves and a join token. */
export const joinCluster = Effect.fn("Agent.joinCluster")(function* ({ hub, trust, token, name, labels }: JoinOptions) {
  const client = yield* hubRpcClient(PublicRpcs, { hub, trust, token: Option.none() })
  const identityKey = generateEd25519()
  const hostKey = generateEd25519()
  const joined = yield* client.Join({
    token,
    name,
    labels,
    identity_key: publicKeyLine(identityKey),
    host_key: publicKeyLine(hostKey),
  })
  return {
    node_id: joined.node_id,
    name,
    identity_key: pem(identityKey),
    host_key: pem(hostKey),
    host_certificate: joined.host_certificate,
    hub: showHubAddress(hub),
    trust,
    cluster: joined.cluster,
  } satisfies NodeIdentity
}, Effect.scoped)
