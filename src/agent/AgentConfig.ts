import { Config, ConfigError, Duration, Either } from "effect"
import { byteSize, drainTimeout, duration } from "../domain/ConfigValues.ts"
import { type NodeLabels, parseLabels } from "../domain/NodeLabels.ts"

const labels = (text: string): Either.Either<NodeLabels, ConfigError.ConfigError> =>
  Either.mapLeft(parseLabels(text), (message) => ConfigError.InvalidData(["MEZITE_NODE_LABELS"], message))

const minWindow = 64 * 1024

/** How an agent behaves, from its environment. */
export const agentConfig = Config.all({
  /** What decides about recording where it is set; else the cluster does. */
  mode: Config.option(Config.literal("node-sync", "node", "off")("MEZITE_RECORDING_MODE")),
  /** Bytes that a `node-sync` session may run ahead of what is durable at the hub. */
  windowBytes: Config.mapOrFail(byteSize("MEZITE_RECORDING_WINDOW"), (bytes) =>
    bytes >= minWindow
      ? Either.right(bytes)
      : Either.left(ConfigError.InvalidData(["MEZITE_RECORDING_WINDOW"], "a window has 64KiB at least")),
  ).pipe(Config.withDefault(256 * 1024)),
  /** How long the hub may confirm nothing before a `node-sync` session ends. */
  ackTimeout: duration("MEZITE_RECORDING_ACK_TIMEOUT").pipe(
    Config.withDefault(Duration.seconds(5)),
    Config.validate({
      message: "the time-out is 2s at least: the hub gives a sign of life each second",
      validation: Duration.greaterThanOrEqualTo(Duration.seconds(2)),
    }),
  ),
  recordSecrets: Config.boolean("MEZITE_RECORD_SECRETS").pipe(Config.withDefault(false)),
  /** Bytes that must be free for a new session to begin. */
  spoolMinFree: byteSize("MEZITE_SPOOL_MIN_FREE").pipe(Config.withDefault(256 * 1024 ** 2)),
  /** What becomes of a `node` session whose recording cannot be written on this machine any more. */
  onLocalFailure: Config.literal("end", "continue")("MEZITE_ON_LOCAL_FAILURE").pipe(Config.withDefault("end" as const)),
  /** Whether what the processes of sessions run, open and connect to is recorded as well. */
  bpfEnabled: Config.boolean("MEZITE_BPF_ENABLED").pipe(Config.withDefault(false)),
  /** Whether no session may begin where that is wanted and can't be had. */
  bpfRequired: Config.boolean("MEZITE_BPF_REQUIRED").pipe(Config.withDefault(true)),
  drainTimeout,
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
