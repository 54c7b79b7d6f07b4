import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { Config, Effect, type Option } from "effect"

/** Where `msh` keeps what a login gives: `MEZITE_HOME`, or `.mezite` in the user's home directory. */
export interface Home {
  readonly directory: string
  readonly identity: string
  /** Files for OpenSSH: `id_ed25519`, `id_ed25519-cert.pub`, `known_hosts`. */
  readonly ssh: string
}

export const home: Effect.Effect<Home> = Config.nonEmptyString("MEZITE_HOME").pipe(
  Config.withDefault(join(homedir(), ".mezite")),
  Effect.orDie,
  Effect.map((text) => {
    const directory = resolve(text)
    return { directory, identity: join(directory, "identity.json"), ssh: join(directory, "ssh") }
  }),
)

/** `MEZITE_IDENTITY`: an identity file to act by instead of the last login. */
export const identityVariable: Effect.Effect<Option.Option<string>> = Effect.orDie(
  Config.option(Config.nonEmptyString("MEZITE_IDENTITY")),
)
