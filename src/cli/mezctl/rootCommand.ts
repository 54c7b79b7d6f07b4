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
      "act over the network as the user of this identity file; else MEZITE_IDENTITY, else as said above",
    ),
    local: Options.boolean("local").pipe(
      Options.withDescription("use the unix socket of the hub on this host, and no login"),
    ),
  },
  () => Effect.fail(new WrongUsage({ message: "which command? (see --help)" })),
).pipe(
  Command.withDescription(
    "Administers a Mezite cluster: where a hub's data is, through its unix socket; elsewhere as the user whom msh login has logged in",
  ),
)
