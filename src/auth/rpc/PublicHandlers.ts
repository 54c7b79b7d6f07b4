import { Effect, Redacted } from "effect"
import { PublicRpcs } from "../../api/PublicRpcs.ts"
import { orUnavailable } from "../database/OrUnavailable.ts"
import { Logins } from "../identities/Logins.ts"
import { ClusterDescription } from "../keys/ClusterDescription.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { CallerAddress } from "./CallerAddress.ts"

/** Answers anybody: what is public, and whoever wants to become known. */
export const layerPublicHandlers = PublicRpcs.toLayer(
  Effect.gen(function* () {
    const [nodes, logins, description] = [yield* Nodes, yield* Logins, yield* ClusterDescription]
    return {
      ClusterInfo: () => description.info,
      Login: ({ user, invite, password, code, public_key: publicKey }) =>
        orUnavailable(
          Effect.flatMap(CallerAddress, (remoteAddress) =>
            logins.login({
              user,
              invite: invite === null ? null : Redacted.make(invite),
              password,
              code,
              publicKey,
              remoteAddress,
            }),
          ),
        ),
      Join: ({ token, name, labels, identity_key: identityKey, host_key: hostKey }) =>
        orUnavailable(
          Effect.gen(function* () {
            const remoteAddress = yield* CallerAddress
            const joined = yield* nodes.join({ token, name, labels, identityKey, hostKey, remoteAddress })
            return {
              node_id: joined.id,
              host_certificate: joined.hostCertificate,
              cluster: yield* description.info,
            }
          }),
        ),
    }
  }),
)
