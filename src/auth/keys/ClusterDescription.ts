import { Context, Effect, Layer } from "effect"
import { type ClusterInfo, mostHubs } from "../../api/PublicRpcs.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { ClusterKeys } from "./ClusterKeys.ts"
import { HubFacts } from "./HubFacts.ts"

const make = Effect.gen(function* () {
  const keys = yield* ClusterKeys
  const hub = yield* HubFacts
  const { living } = yield* Hubs
  const info = Effect.zipWith(
    hub.sshPort,
    living,
    (ssh_port, hubs): ClusterInfo => ({
      cluster: keys.clusterName,
      version: hub.version,
      user_ca: keys.userCa.publicLine,
      host_ca: keys.hostCa.publicLine,
      ssh_host_key: keys.sshHostKey.publicLine,
      ssh_port,
      recording_keys: keys.recordingKeys.map((key) => Buffer.from(key.publicRaw).toString("base64")),
      hubs: hubs.slice(0, mostHubs).map(({ address, ssh_port }) => ({ address, ssh_port })),
    }),
  )
  return { info }
})

/** What anybody may know of the cluster: its name and its public keys. */
export class ClusterDescription extends Context.Tag("mezite/auth/ClusterDescription")<
  ClusterDescription,
  { readonly info: Effect.Effect<ClusterInfo> }
>() {
  static readonly layer: Layer.Layer<ClusterDescription, never, ClusterKeys | HubFacts | Hubs> = Layer.effect(
    ClusterDescription,
    make,
  )
}
