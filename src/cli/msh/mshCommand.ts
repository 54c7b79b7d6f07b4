import { Command } from "@effect/cli"
import type { OptionForms } from "../normalizeArguments.ts"
import { connectCommands } from "./connectCommands.ts"
import { loginCommands } from "./loginCommands.ts"
import { rootCommand } from "./rootCommand.ts"
import { sessionCommands } from "./sessionCommands.ts"

/** The commands of `msh`. */
export const mshCommands = [...loginCommands, ...connectCommands, ...sessionCommands] as const

/** The whole command line of `msh`. */
export const mshCommand = rootCommand.pipe(Command.withSubcommands(mshCommands))

/** How its options are written. */
export const mshForms: OptionForms = {
  flags: new Set([
    "--help",
    "-h",
    "--version",
    "--wizard",
    "--active",
    "--follow",
    "--password-stdin",
    "-t",
    "-T",
    "-N",
  ]),
  global: new Set(["--identity"]),
  defaults: { "--skip-idle": "2s", "--events": "notable" },
  groups: new Set(["sessions"]),
  remote: "ssh",
}
