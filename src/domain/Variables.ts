/** Every environment variable of Mezite, of whatever program: one machine's environment often serves several. */
export const variables: ReadonlySet<string> = new Set([
  "MEZITE_BPF_ENABLED",
  "MEZITE_CA_PIN",
  "MEZITE_CLUSTER_NAME",
  "MEZITE_DATA_DIR",
  "MEZITE_HOME",
  "MEZITE_HUB",
  "MEZITE_IDENTITY",
  "MEZITE_JOIN_TOKEN",
  "MEZITE_LISTEN",
  "MEZITE_LOG_LEVEL",
  "MEZITE_NODE_LABELS",
  "MEZITE_NODE_NAME",
  "MEZITE_ON_LOCAL_FAILURE",
  "MEZITE_RECORDING_ACK_TIMEOUT",
  "MEZITE_RECORDING_BACKEND",
  "MEZITE_RECORDING_ENC_KEY",
  "MEZITE_RECORDING_ENC_KEYS_OLD",
  "MEZITE_RECORDING_MODE",
  "MEZITE_RECORDING_ORPHAN_AFTER",
  "MEZITE_RECORDING_WINDOW",
  "MEZITE_RECORD_SECRETS",
  "MEZITE_S3_ACCESS_KEY",
  "MEZITE_S3_BUCKET",
  "MEZITE_S3_ENDPOINT",
  "MEZITE_S3_FORCE_PATH_STYLE",
  "MEZITE_S3_PREFIX",
  "MEZITE_S3_REGION",
  "MEZITE_S3_SECRET_KEY",
  "MEZITE_SESSION_ID",
  "MEZITE_SPOOL_MIN_FREE",
  "MEZITE_SSH_LISTEN",
  "MEZITE_TLS",
])

/** Variables that begin with `MEZITE_` and are none of ours: misspelt, most likely. */
export const misspelt = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.keys(environment).filter((name) => name.startsWith("MEZITE_") && !variables.has(name))
