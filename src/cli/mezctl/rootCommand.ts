import { Command, Options } from "@effect/cli"
import { Effect } from "effect"
import { optionalText } from "../sharedOptions.ts"
import { WrongUsage } from "../WrongUsage.ts"

/** A command that only groups others; alone it is wrong usage. */
export const group = <Name extends string>(name: Name, description: string) =>
  Command.make(name, {}, () => Effect.fail(new WrongUsage({ message: `${name}: which command? (see --help)` }))).pipe(
    Command.withDescription(description),
  )

/** `mezctl` itself; its options are those of all its commands. */
export const rootCommand = Command.make(
  "mezctl",
  {
    identity: optionalText(
      "identity",
      "FILE",
      "act as the user of this identity file, or of a login's identity.json; else MEZITE_IDENTITY",
    ),
    local: Options.boolean("local").pipe(
      Options.withDescription("act through the unix socket, whatever MEZITE_IDENTITY says"),
    ),
  },
  () => Effect.fail(new WrongUsage({ message: "which command? (see --help)" })),
).pipe(
  Command.withDescription(
    "Administers a Mezite cluster: where a hub's data is (MEZITE_DATA_DIR) through that hub's unix socket, elsewhere as the user of the last msh login; mezctl status says which",
  ),
)
