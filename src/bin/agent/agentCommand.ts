import { Command, Options } from "@effect/cli"
import { Effect, Option, Redacted } from "effect"
import type { OptionForms } from "../../cli/normalizeArguments.ts"
import { WrongUsage } from "../../cli/WrongUsage.ts"
import { logging } from "../process/logging.ts"
import { plainForms } from "../process/plainForms.ts"
import { spoolCommand } from "./spoolCommand.ts"
import { startAgent } from "./startAgent.ts"

const options = {
  hub: Options.text("hub").pipe(
    Options.withDescription("the hub's address, HOST:PORT, or several by commas (MEZITE_HUB)"),
    Options.optional,
  ),
  token: Options.text("token").pipe(
    Options.withDescription(
      "a join token of `mezctl tokens add`; safer in MEZITE_JOIN_TOKEN, for others see arguments",
    ),
    Options.optional,
  ),
  pin: Options.text("ca-pin").pipe(
    Options.withDescription("the hub's pin, sha256:…, as it prints it (MEZITE_CA_PIN)"),
    Options.optional,
  ),
}

const startCommand = Command.make("start", options, ({ hub, token, pin }) =>
  startAgent({ hub, pin, token: Option.map(token, Redacted.make) }).pipe(Effect.provide(logging)),
).pipe(Command.withDescription("Join the cluster, the first time, and serve this machine until told to stop"))

/** How its options are written. */
export const agentForms: OptionForms = {
  ...plainForms,
  flags: new Set([...plainForms.flags, "--all"]),
  groups: new Set(["spool"]),
}

/** `mezd` itself. */
export const agentCommand = Command.make("mezd", {}, () =>
  Effect.fail(new WrongUsage({ message: "which command? (see --help)" })),
).pipe(
  Command.withDescription("The agent of a Mezite cluster, on each machine"),
  Command.withSubcommands([startCommand, spoolCommand]),
)
