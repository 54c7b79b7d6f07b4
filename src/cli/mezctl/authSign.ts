import { Effect, type Option, Redacted } from "effect"
import type { HubPin } from "../../api/HubPin.ts"
import type { UserName } from "../../domain/Identifiers.ts"
import { generateEd25519, publicKeyLine } from "../../ssh/OpenSshKey.ts"
import { writeOpenSshPrivateKey } from "../../ssh/OpenSshPrivateKey.ts"
import { writeIdentity } from "../IdentityFile.ts"
import { warn } from "../Output.ts"
import { adminHub, hubWay } from "./AdminHub.ts"
import { hubEndpoint } from "./HubEndpoint.ts"

/** `mezctl auth sign`. */
export interface AuthSignOptions {
  readonly user: UserName
  readonly ttl: string
  readonly out: string
  readonly hub: Option.Option<string>
  readonly caPin: Option.Option<HubPin>
}

/** Makes an identity file (0600) for a machine or a test. The private key is made here, and the hub never sees it. */
export const authSign = Effect.fn("mezctl.auth.sign")(function* ({ user, ttl, out, hub, caPin }: AuthSignOptions) {
  const endpoint = yield* hubEndpoint(yield* hubWay, hub, caPin)
  const client = yield* adminHub
  const key = generateEd25519()
  const credentials = yield* client.AuthSign({ user, ttl, public_key: publicKeyLine(key) })
  yield* writeIdentity(out, {
    version: 1,
    hub: endpoint.address,
    ca_pin: endpoint.ca_pin,
    private_key: Redacted.make(writeOpenSshPrivateKey(key, user)),
    credentials,
  })
  yield* warn(`${out}: the identity of ${user} until ${credentials.expires_at}; use it with msh --identity ${out}`)
}, Effect.scoped)
