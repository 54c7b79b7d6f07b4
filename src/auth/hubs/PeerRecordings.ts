import { Context, Effect, Layer, Option, Redacted, Stream } from "effect"
import { mintHubToken } from "../../api/BearerToken.ts"
import { type HubAddress, parseHubAddress } from "../../api/HubAddress.ts"
import { hubRpcClient } from "../../api/HubRpcClient.ts"
import { HubRpcs } from "../../api/HubRpcs.ts"
import type { HubTrust } from "../../api/HubTrust.ts"
import type { HubId, SessionId } from "../../domain/Identifiers.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { StorageFailed } from "../storage/RecordingStorage.ts"
import { Hubs } from "./Hubs.ts"

const make = (trustFor: (hub: HubAddress) => HubTrust) =>
  Effect.gen(function* () {
    const [{ id, living }, { clusterName: audience, hubKey }] = [yield* Hubs, yield* ClusterKeys]
    const token = mintHubToken({ hubId: id, audience, key: Redacted.value(hubKey.privateKey) })

    const addressOf = Effect.fnUntraced(function* (hub: HubId) {
      const found = (yield* living).find((one) => one.id === hub)
      if (found === undefined) {
        return yield* new StorageFailed({
          message: `it is on the disk of a hub (${hub}) that is not there now`,
          away: true,
        })
      }
      return yield* parseHubAddress(found.address)
    })

    return PeerRecordings.of({
      read: (hub, sessionId, from) =>
        addressOf(hub).pipe(
          Effect.flatMap((address) =>
            hubRpcClient(HubRpcs, { hub: address, trust: trustFor(address), token: Option.some(token) }),
          ),
          Effect.map((client) => client.LocalRecording({ session_id: sessionId, from })),
          Stream.unwrapScoped,
          Stream.mapError((error) =>
            error._tag === "StorageFailed"
              ? error
              : new StorageFailed({
                  message: `it is on another hub, which does not give it: ${error.message}`,
                  away: error._tag === "HubUnreachable",
                  cause: error,
                }),
          ),
        ),
    })
  })

/** What other hubs have on their disks of recordings that are not in their places yet. */
export class PeerRecordings extends Context.Tag("mezite/auth/PeerRecordings")<
  PeerRecordings,
  {
    /** From that byte on, up to what is written now. */
    readonly read: (hub: HubId, sessionId: SessionId, from: number) => Stream.Stream<Uint8Array, StorageFailed>
  }
>() {
  /** `trustFor`: why another hub is believed to be one. */
  static readonly layer = (
    trustFor: (hub: HubAddress) => HubTrust,
  ): Layer.Layer<PeerRecordings, never, Hubs | ClusterKeys> => Layer.effect(PeerRecordings, make(trustFor))
}
