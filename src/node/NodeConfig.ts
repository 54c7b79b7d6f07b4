import { Config, ConfigError, Duration, Either } from "effect"
import { byteSize, drainTimeout, duration } from "../domain/ConfigValues.ts"

const minWindow = 64 * 1024

/** How a node records, from the environment of the program that serves it. */
export const nodeConfig = Config.all({
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
  drainTimeout,
})
export type NodeConfig = Config.Config.Success<typeof nodeConfig>
