import { Command } from "@effect/cli"
import type { OptionForms } from "../normalizeArguments.ts"
import { AskedWay } from "./AdminHub.ts"
import { clusterCommands } from "./clusterCommands.ts"
import { evidenceCommands } from "./evidenceCommands.ts"
import { lockCommands } from "./lockCommands.ts"
import { peopleCommands } from "./peopleCommands.ts"
import { recordingCommands } from "./recordingCommands.ts"
import { roleCommands } from "./roleCommands.ts"
import { rootCommand } from "./rootCommand.ts"

/** The commands of `mezctl`. */
export const mezctlCommands = [
  ...peopleCommands,
  ...roleCommands,
  ...clusterCommands,
  ...evidenceCommands,
  ...recordingCommands,
  ...lockCommands,
] as const

/** The whole command line of `mezctl`. */
export const mezctlCommand = rootCommand.pipe(
  Command.withSubcommands(mezctlCommands),
  Command.provideSync(AskedWay, ({ identity, local }) => ({ identity, local })),
)

/** How its options are written. */
export const mezctlForms: OptionForms = {
  flags: new Set(["--help", "-h", "--version", "--wizard", "--active", "--pending", "--held", "--local"]),
  global: new Set(["--identity", "--local"]),
  defaults: {},
  groups: new Set([
    "users",
    "roles",
    "auth",
    "tokens",
    "nodes",
    "config",
    "ca",
    "audit",
    "sessions",
    "recordings",
    "locks",
  ]),
  remote: undefined,
}
