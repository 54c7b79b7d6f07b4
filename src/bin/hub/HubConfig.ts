import { Config, ConfigError, Duration, Either, Option, Redacted } from "effect"
import { parseHubAddress } from "../../api/HubAddress.ts"
import { drainTimeout, duration } from "../../domain/ConfigValues.ts"
import { nodeConfig } from "../../node/NodeConfig.ts"
import { type ListenAddress, parseListenAddress } from "../../proxy/ListenAddress.ts"
import { KeyRing } from "../../recording/KeyRing.ts"
import { MasterKey } from "../../recording/MasterKey.ts"
import { storageConfig } from "./StorageConfig.ts"

const address = (name: string, usual: string): Config.Config<ListenAddress> =>
  Config.mapOrFail(Config.withDefault(Config.string(name), usual), (text) =>
    Either.mapLeft(parseListenAddress(text), (message) => ConfigError.InvalidData([name], message)),
  )

const masterKey = (name: string, hex: string): Either.Either<MasterKey, ConfigError.ConfigError> =>
  Either.mapLeft(MasterKey.fromHex(hex.trim()), ({ message }) => ConfigError.InvalidData([name], message))

const encryptionKey = Config.option(
  Config.mapOrFail(Config.redacted("MEZITE_RECORDING_ENC_KEY"), (hex) =>
    masterKey("MEZITE_RECORDING_ENC_KEY", Redacted.value(hex)),
  ),
)

const oldKeys = Config.mapOrFail(
  Config.withDefault(Config.redacted("MEZITE_RECORDING_ENC_KEYS_OLD"), Redacted.make("")),
  (list) =>
    Either.all(
      Redacted.value(list)
        .split(",")
        .filter((hex) => hex.trim() !== "")
        .map((hex) => masterKey("MEZITE_RECORDING_ENC_KEYS_OLD", hex)),
    ),
)

const clusterName = Config.option(
  Config.validate(Config.string("MEZITE_CLUSTER_NAME"), {
    message: "a cluster's name is a host name in lower case",
    validation: (name) => /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name),
  }),
)

const databaseUrl = Config.option(
  Config.validate(Config.redacted("MEZITE_DATABASE_URL"), {
    message: "it is a database's URL, postgres://USER:PASSWORD@HOST:PORT/NAME",
    validation: (url) => /^postgres(ql)?:\/\//.test(Redacted.value(url)) && URL.canParse(Redacted.value(url)),
  }),
)

const publicAddress = Config.option(
  Config.mapOrFail(Config.nonEmptyString("MEZITE_PUBLIC_ADDRESS"), (text) =>
    Either.mapLeft(parseHubAddress(text), ({ message }) => ConfigError.InvalidData(["MEZITE_PUBLIC_ADDRESS"], message)),
  ),
)

/** How a hub runs, from its environment. Its directory of data is the caller's to choose. */
export const hubConfig = Config.all({
  listen: address("MEZITE_LISTEN", "0.0.0.0:3080"),
  sshListen: address("MEZITE_SSH_LISTEN", "0.0.0.0:3023"),
  /** `off` where a load balancer ends TLS. */
  tls: Config.withDefault(Config.literal("on", "off")("MEZITE_TLS"), "on"),
  clusterName,
  /** Where agents, users and other hubs reach this hub. */
  publicAddress,
  /** How long a session without its agent is waited for. */
  orphanAfter: Config.withDefault(duration("MEZITE_RECORDING_ORPHAN_AFTER"), Duration.minutes(2)),
  drainTimeout,
  /** Of nodes without an agent, which the hub records itself. */
  recording: nodeConfig,
  storage: storageConfig,
  /** PostgreSQL; none: SQLite in the hub's directory. */
  databaseUrl,
  keyRing: Config.map(Config.all([encryptionKey, oldKeys]), ([current, old]) =>
    Redacted.make(new KeyRing(Option.getOrUndefined(current), old)),
  ),
})
export type HubConfig = Config.Config.Success<typeof hubConfig>
