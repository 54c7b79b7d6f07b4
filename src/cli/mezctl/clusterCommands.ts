import { Args, Command, Options } from "@effect/cli"
import { Schema } from "effect"
import { DurationText } from "../../domain/Durations.ts"
import { JoinTokenId } from "../../domain/Identifiers.ts"
import { LabelsText } from "../LabelsText.ts"
import { lazily } from "../lazily.ts"
import { format, textOption } from "../sharedOptions.ts"
import { nodes } from "./nodeCommands.ts"
import { group } from "./rootCommand.ts"

const runToken = lazily(() => import("./tokens.ts"), "addToken")
const runTokens = lazily(() => import("./tokens.ts"), "listTokens")
const runRemoveToken = lazily(() => import("./tokens.ts"), "removeToken")
const runGet = lazily(() => import("./settings.ts"), "getSetting")
const runSet = lazily(() => import("./settings.ts"), "setSetting")
const runSettings = lazily(() => import("./settings.ts"), "listSettings")
const runCa = lazily(() => import("./ca.ts"), "exportCa")

const addToken = Command.make(
  "add",
  {
    type: Options.choice("type", ["node"] as const).pipe(Options.withDescription("what joins with it")),
    ttl: textOption("ttl", "DURATION", "how long it is good, such as 30m or 7d; 1h where it is not given").pipe(
      Options.withSchema(DurationText),
      Options.withDefault("1h"),
    ),
    uses: Options.integer("uses").pipe(
      Options.withPseudoName("N"),
      Options.withSchema(Schema.Int.pipe(Schema.between(1, 10_000))),
      Options.withDefault(1),
      Options.withDescription("how many nodes may join with it, up to 10000; 1 where it is not given"),
    ),
    labels: textOption("labels", "KEY=VALUE,…", "the nodes' labels, whatever they say of themselves").pipe(
      Options.withSchema(LabelsText),
      Options.optional,
    ),
  },
  runToken,
).pipe(Command.withDescription("Print a token with which nodes join"))

const listTokens = Command.make("ls", { format }, ({ format }) => runTokens(format)).pipe(
  Command.withDescription("List tokens that are good, without their secrets"),
)

const removeToken = Command.make("rm", { id: Args.text({ name: "ID" }).pipe(Args.withSchema(JoinTokenId)) }, ({ id }) =>
  runRemoveToken(id),
).pipe(Command.withDescription("Remove a token: nobody joins with it any more"))

const tokens = group("tokens", "Tokens for nodes that join").pipe(
  Command.withSubcommands([addToken, listTokens, removeToken]),
)

const key = Args.text({ name: "KEY" })

const get = Command.make("get", { key }, ({ key }) => runGet(key)).pipe(Command.withDescription("Print a setting"))

const set = Command.make("set", { key, value: Args.text({ name: "VALUE" }) }, ({ key, value }) =>
  runSet(key, value),
).pipe(Command.withDescription("Change a setting, for sessions that begin from now on"))

const listSettings = Command.make("ls", { format }, ({ format }) => runSettings(format)).pipe(
  Command.withDescription("List settings"),
)

const config = group("config", "The cluster's settings").pipe(Command.withSubcommands([get, set, listSettings]))

const exportCa = Command.make(
  "export",
  {
    type: Options.choice("type", ["user", "host"] as const).pipe(
      Options.withDescription("the one that certifies users (TrustedUserCAKeys), or nodes (@cert-authority)"),
    ),
  },
  ({ type }) => runCa(type),
).pipe(Command.withDescription("Print a CA's public key in OpenSSH's form"))

const ca = group("ca", "Certificate authorities").pipe(Command.withSubcommands([exportCa]))

/** Commands about the cluster itself. */
export const clusterCommands = [tokens, nodes, config, ca] as const
