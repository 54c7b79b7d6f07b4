import { Array as Arr, Effect, Option, type Redacted } from "effect"
import { atAnyHub } from "../../api/atAnyHub.ts"
import { type HubAddress, showHubAddress } from "../../api/HubAddress.ts"
import type { HubPin } from "../../api/HubPin.ts"
import { hubRpcClient } from "../../api/HubRpcClient.ts"
import { learnHubTrust } from "../../api/LearnHubTrust.ts"
import { PublicRpcs } from "../../api/PublicRpcs.ts"
import type { NodeName } from "../../domain/Identifiers.ts"
import { generateEd25519, publicKeyLine } from "../../ssh/OpenSshKey.ts"
import type { NodeIdentity } from "./NodeIdentity.ts"

export interface JoinOptions {
  readonly hubs: Arr.NonEmptyReadonlyArray<HubAddress>
  readonly pin: Option.Option<HubPin>
  readonly token: Redacted.Redacted<string>
  readonly name: NodeName
  readonly labels: Readonly<Record<string, string>>
}

const pem = (key: ReturnType<typeof generateEd25519>): string => key.export({ type: "pkcs8", format: "pem" }).toString()

/** Makes this machine a node of the cluster: makes its keys, and shows the hub their public halves and a join token. */
export const joinCluster = Effect.fn("Agent.joinCluster")(function* ({ hubs, pin, token, name, labels }: JoinOptions) {
  const { client, trust } = yield* atAnyHub(hubs, (hub) =>
    Effect.gen(function* () {
      const trust = yield* learnHubTrust(hub, pin)
      return { trust, client: yield* hubRpcClient(PublicRpcs, { hub, trust, token: Option.none() }) }
    }),
  )
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
    hubs: Arr.map(hubs, showHubAddress),
    trust,
    cluster: joined.cluster,
  } satisfies NodeIdentity
}, Effect.scoped)
