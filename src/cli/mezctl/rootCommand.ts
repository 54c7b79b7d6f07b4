import { Command } from "@effect/cli"
import { Effect } from "effect"
import { WrongUsage } from "../WrongUsage.ts"

/** A command that only groups others; alone it is wrong usage. */
export const group = <Name extends string>(name: Name, description: string) =>
  Command.make(name, {}, () => Effect.fail(new WrongUsage({ message: `${name}: which command? (see --help)` }))).pipe(
    Command.withDescription(description),
  )

/** `mezctl` itself. */
export const rootCommand = group("mezctl", "Administers a Mezite hub, from the hub's own host")
