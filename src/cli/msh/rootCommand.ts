import { Command } from "@effect/cli"
import { Effect } from "effect"
import { optionalText } from "../sharedOptions.ts"
import { WrongUsage } from "../WrongUsage.ts"

/** `msh` itself; its options are those of all its commands. */
export const rootCommand = Command.make(
  "msh",
  {
    identity: optionalText(
      "identity",
      "FILE",
      "an identity file made by mezctl auth sign; else MEZITE_IDENTITY, else the last login",
    ),
  },
  () => Effect.fail(new WrongUsage({ message: "which command? (see --help)" })),
).pipe(Command.withDescription("SSH access through a Mezite hub, and the sessions that it recorded"))

/** `--identity`. */
export const identityOption = Effect.map(rootCommand, ({ identity }) => identity)
