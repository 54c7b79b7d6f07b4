import { Config, ConfigError, Either } from "effect"
import { type NodeLabels, parseLabels } from "../domain/NodeLabels.ts"
import { nodeConfig } from "../node/NodeConfig.ts"

const labels = (text: string): Either.Either<NodeLabels, ConfigError.ConfigError> =>
  Either.mapLeft(parseLabels(text), (message) => ConfigError.InvalidData(["MEZITE_NODE_LABELS"], message))

/** How an agent behaves, from its environment. */
export const agentConfig = Config.all({
  recording: nodeConfig,
  /** Whether what the processes of sessions run, open and connect to is recorded as well. */
  bpfEnabled: Config.boolean("MEZITE_BPF_ENABLED").pipe(Config.withDefault(false)),
  /** Whether no session may begin where that is wanted and can't be had. */
  bpfRequired: Config.boolean("MEZITE_BPF_REQUIRED").pipe(Config.withDefault(true)),
  labels: Config.mapOrFail(Config.withDefault(Config.string("MEZITE_NODE_LABELS"), ""), labels),
  nodeName: Config.option(Config.nonEmptyString("MEZITE_NODE_NAME")),
})
export type AgentConfig = Config.Config.Success<typeof agentConfig>

/** What an agent needs in order to join; options of the command line come before the variables. */
export const joinConfig = Config.all({
  hub: Config.option(Config.nonEmptyString("MEZITE_HUB")),
  token: Config.option(Config.redacted(Config.nonEmptyString("MEZITE_JOIN_TOKEN"))),
  pin: Config.option(Config.nonEmptyString("MEZITE_CA_PIN")),
})
