import { Effect, Either, Option, Redacted, Schema } from "effect"
import { atAnyHub } from "../../api/atAnyHub.ts"
import { parseHubAddresses, showHubAddress } from "../../api/HubAddress.ts"
import { HubPin } from "../../api/HubPin.ts"
import { hubRpcClient } from "../../api/HubRpcClient.ts"
import { learnHubTrust } from "../../api/LearnHubTrust.ts"
import { PublicRpcs } from "../../api/PublicRpcs.ts"
import { generateEd25519, publicKeyLine } from "../../ssh/OpenSshKey.ts"
import { writeOpenSshPrivateKey } from "../../ssh/OpenSshPrivateKey.ts"
import { home } from "../Home.ts"
import { type Identity, writeIdentity } from "../IdentityFile.ts"
import { printLine } from "../Output.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { obtainCredentials } from "./obtainCredentials.ts"
import { writeSshFiles } from "./sshFiles.ts"

/** `msh login`. */
export interface LoginOptions {
  readonly hub: string
  readonly user: string
  readonly invite: Option.Option<string>
  readonly passwordStdin: boolean
  readonly caPin: Option.Option<string>
}

/** Reads the options that have a form. */
const readOptions = (options: LoginOptions) =>
  Either.all({
    hubs: parseHubAddresses(options.hub),
    pin: Option.match(options.caPin, {
      onNone: () => Either.right(Option.none<HubPin>()),
      onSome: (text) =>
        Schema.decodeEither(HubPin)(text as HubPin).pipe(
          Either.map(Option.some),
          Either.mapLeft(() => ({ message: "--ca-pin: a pin is sha256: and 64 hex digits, as mezhub prints it" })),
        ),
    }),
  })

/** Logs in with a key made for it; keeps key and certificate in `MEZITE_HOME`, files 0600. */
export const login = Effect.fn("msh.login")(function* (options: LoginOptions) {
  const read = readOptions(options)
  if (Either.isLeft(read)) return yield* new WrongUsage({ message: read.left.message })
  const { hubs, pin } = read.right
  const client = yield* atAnyHub(hubs, (hub) =>
    Effect.flatMap(learnHubTrust(hub, pin), (trust) => hubRpcClient(PublicRpcs, { hub, trust, token: Option.none() })),
  )
  const key = generateEd25519()
  const credentials = yield* obtainCredentials(client.Login, { ...options, publicKey: publicKeyLine(key) })
  const identity: Identity = {
    version: 1,
    hub: hubs.map(showHubAddress).join(","),
    ca_pin: Option.getOrNull(pin),
    private_key: Redacted.make(writeOpenSshPrivateKey(key, credentials.user)),
    credentials,
  }
  const place = yield* home
  yield* writeIdentity(place.identity, identity)
  yield* writeSshFiles(place.ssh, identity)
  yield* printLine(
    `Logged in to ${credentials.cluster.cluster} as ${credentials.user} until ${credentials.expires_at}.`,
  )
}, Effect.scoped)
