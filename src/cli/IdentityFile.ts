import { Effect, Either, Option, Schema } from "effect"
import { HubPin } from "../api/HubPin.ts"
import { Credentials } from "../api/PublicRpcs.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { readFileIfAny, writePrivateFile } from "./PrivateFile.ts"

/** All that is needed to act as a user: what `msh login` keeps, and what `mezctl auth sign` makes. */
export const Identity = Schema.Struct({
  version: Schema.Literal(1),
  /** As `parseHubAddresses` reads it. */
  hub: Schema.String,
  /** Null where the system's authorities vouch for the hub. */
  ca_pin: Schema.NullOr(HubPin),
  /** In OpenSSH's form, unencrypted. */
  private_key: Schema.Redacted(Schema.String),
  credentials: Credentials,
})
export type Identity = typeof Identity.Type

const text = Schema.parseJson(Identity, { space: 2 })

/** Writes an identity, with mode 0600. */
export const writeIdentity = (path: string, identity: Identity): Effect.Effect<void, CommandFailed> =>
  writePrivateFile(path, `${Schema.encodeSync(text)(identity)}\n`)

/** Reads an identity; none where there is no such file. */
export const readIdentity = (path: string): Effect.Effect<Option.Option<Identity>, CommandFailed> =>
  Effect.flatMap(readFileIfAny(path), (content) =>
    Option.isNone(content)
      ? Effect.succeed(Option.none())
      : Either.match(Schema.decodeEither(text)(content.value), {
          onLeft: () =>
            new CommandFailed({ message: `${path} is no identity file; make one with msh login or mezctl auth sign` }),
          onRight: (identity) => Effect.succeed(Option.some(identity)),
        }),
  )
