import { Command } from "@effect/cli"
import { Effect, Option, Redacted } from "effect"
import type { OptionForms } from "../../cli/normalizeArguments.ts"
import { optionalText } from "../../cli/sharedOptions.ts"
import { WrongUsage } from "../../cli/WrongUsage.ts"
import { logging } from "../process/logging.ts"
import { plainForms } from "../process/plainForms.ts"
import { spoolCommand } from "./spoolCommand.ts"
import { startAgent } from "./startAgent.ts"

const options = {
  hub: optionalText("hub", "HOST:PORT", "where the hub is, or where several are, by commas (MEZITE_HUB)"),
  token: optionalText(
    "token",
    "TOKEN",
    "a join token of `mezctl tokens add`; safer in MEZITE_JOIN_TOKEN, for others see arguments",
  ),
  pin: optionalText("ca-pin", "PIN", "the hub's pin, sha256:…, as it prints it (MEZITE_CA_PIN)"),
}

const startCommand = Command.make("start", options, ({ hub, token, pin }) =>
  startAgent({ hub, pin, token: Option.map(token, Redacted.make) }).pipe(Effect.provide(logging)),
).pipe(Command.withDescription("Joins the cluster, the first time, and serves this machine until it is told to stop"))

/** How its options are written. */
export const agentForms: OptionForms = {
  ...plainForms,
  flags: new Set([...plainForms.flags, "--all"]),
  groups: new Set(["spool"]),
}

/** The commands of `mezd`. */
export const agentCommands = [startCommand, spoolCommand] as const

/** `mezd` itself. */
export const agentCommand = Command.make("mezd", {}, () =>
  Effect.fail(new WrongUsage({ message: "which command? (see --help)" })),
).pipe(
  Command.withDescription("The agent of a Mezite cluster, on each machine"),
  Command.withSubcommands(agentCommands),
)
