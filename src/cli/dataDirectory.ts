import { homedir, userInfo } from "node:os"
import { join, resolve } from "node:path"
import { Config, Effect } from "effect"

const usualDirectory = userInfo().uid === 0 ? "/var/lib/mezite" : join(homedir(), ".local/share/mezite")

/** A hub's or agent's data directory: `MEZITE_DATA_DIR`, else `/var/lib/mezite` for root and `~/.local/share/mezite` otherwise. */
export const dataDirectory: Effect.Effect<string> = Config.nonEmptyString("MEZITE_DATA_DIR").pipe(
  Config.withDefault(usualDirectory),
  Effect.orDie,
  Effect.map((text) => resolve(text)),
)
