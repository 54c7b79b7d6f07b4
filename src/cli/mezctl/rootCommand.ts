import { Command } from "@effect/cli"
import { Effect } from "effect"
import { WrongUsage } from "../WrongUsage.ts"

const grouping = <Name extends string>(name: Name, description: string, usage: string) =>
  Command.make(name, {}, () => Effect.fail(new WrongUsage({ message: usage }))).pipe(
    Command.withDescription(description),
  )

/** A command that only groups others; alone it is wrong usage. */
export const group = <Name extends string>(name: Name, description: string) =>
  grouping(name, description, `${name}: which command? (see --help)`)

/** `mezctl` itself. */
export const rootCommand = grouping(
  "mezctl",
  "Administers a Mezite hub, from the hub's own host",
  "which command? (see --help)",
)
