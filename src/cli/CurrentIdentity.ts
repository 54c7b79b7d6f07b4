import type { KeyObject } from "node:crypto"
import { resolve } from "node:path"
import { Array as Arr, Clock, Effect, Either, Option, Redacted } from "effect"
import { type BearerToken, mintUserToken } from "../api/BearerToken.ts"
import { type HubAddress, parseHubAddresses, showHubAddress } from "../api/HubAddress.ts"
import { parseOpenSshPrivateKey } from "../ssh/OpenSshPrivateKey.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { home, identityVariable } from "./Home.ts"
import { type Identity, readIdentity } from "./IdentityFile.ts"

/** Who this command acts as, ready to be used. */
export interface Current {
  readonly identity: Identity
  /** Those that it was made with, and those that the cluster told of then. */
  readonly hubs: Arr.NonEmptyReadonlyArray<HubAddress>
  readonly key: KeyObject
  readonly token: Effect.Effect<BearerToken>
}

/** Where the identity is: `--identity`, else `MEZITE_IDENTITY`, else what the last login left. */
export const identityPath = (option: Option.Option<string>): Effect.Effect<string> =>
  Effect.gen(function* () {
    const path = Option.isSome(option) ? option : yield* identityVariable
    return Option.isSome(path) ? resolve(path.value) : (yield* home).identity
  })

const hubsOf = ({ hub, credentials: { cluster } }: Identity) =>
  Either.map(parseHubAddresses([hub, ...cluster.hubs.map(({ address }) => address)].join(",")), (all) =>
    Arr.dedupeWith(all, (one, other) => showHubAddress(one) === showHubAddress(other)),
  )

const usable = (identity: Identity): Either.Either<Pick<Current, "hubs" | "key">, { readonly message: string }> =>
  Either.all({
    hubs: hubsOf(identity),
    key: parseOpenSshPrivateKey(Redacted.value(identity.private_key)),
  })

/** Whether the certificate's time is over. */
export const isExpired = (identity: Identity): Effect.Effect<boolean> =>
  Effect.map(Clock.currentTimeMillis, (now) => Date.parse(identity.credentials.expires_at) <= now)

/** Reads the identity; fails where there is none or where it has expired, with what to do about it. */
export const currentIdentity = Effect.fn("CurrentIdentity.read")(function* (option: Option.Option<string>) {
  const path = yield* identityPath(option)
  const found = yield* readIdentity(path)
  if (Option.isNone(found)) {
    return yield* new CommandFailed({
      message: `not logged in (${path} is missing): msh login --hub HOST:PORT --user NAME`,
    })
  }
  const identity = found.value
  const { user, expires_at, certificate, cluster } = identity.credentials
  if (yield* isExpired(identity)) {
    const file = path === (yield* home).identity ? "" : `have ${path} made anew (mezctl auth sign), or `
    const pin = identity.ca_pin === null ? "" : ` --ca-pin ${identity.ca_pin}`
    return yield* new CommandFailed({
      message: `your certificate expired at ${expires_at}: ${file}msh login --hub ${identity.hub}${pin} --user ${user}`,
    })
  }
  const parts = usable(identity)
  if (Either.isLeft(parts)) return yield* new CommandFailed({ message: `${path}: ${parts.left.message}` })
  const { hubs, key } = parts.right
  const token = mintUserToken({ user, audience: cluster.cluster, certificate: certificate.split(" ")[1] ?? "", key })
  return { identity, hubs, key, token } satisfies Current
})
