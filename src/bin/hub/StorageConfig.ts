import { Config, ConfigError, Either, Option, type Redacted } from "effect"
import type { S3Options } from "../../auth/storage/s3/S3Options.ts"

/** Where the hub keeps recordings. */
export type StorageConfig = { readonly _tag: "Filesystem" } | ({ readonly _tag: "S3" } & S3Options)

const optional = (name: string) => Config.option(Config.nonEmptyString(name))

const endpoint = Config.option(
  Config.validate(Config.string("MEZITE_S3_ENDPOINT"), {
    message: "it is the store's URL, http://HOST:PORT or https://HOST",
    validation: (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
  }),
)

const settings = Config.all({
  backend: Config.withDefault(Config.literal("filesystem", "s3")("MEZITE_RECORDING_BACKEND"), "filesystem"),
  bucket: optional("MEZITE_S3_BUCKET"),
  region: optional("MEZITE_S3_REGION"),
  accessKey: optional("MEZITE_S3_ACCESS_KEY"),
  secretKey: Config.option(Config.redacted(Config.nonEmptyString("MEZITE_S3_SECRET_KEY"))),
  prefix: Config.withDefault(Config.string("MEZITE_S3_PREFIX"), ""),
  forcePathStyle: Config.withDefault(Config.boolean("MEZITE_S3_FORCE_PATH_STYLE"), false),
  endpoint,
})

const invalid = (name: string, message: string) => Either.left(ConfigError.InvalidData([name], message))

type Credentials = Either.Either<S3Options["credentials"], ConfigError.ConfigError>

const credentialsOf = (
  accessKey: Option.Option<string>,
  secretKey: Option.Option<Redacted.Redacted<string>>,
): Credentials => {
  if (Option.isSome(accessKey) !== Option.isSome(secretKey)) {
    const [given, missing] = Option.isSome(accessKey) ? ["ACCESS", "SECRET"] : ["SECRET", "ACCESS"]
    return invalid(`MEZITE_S3_${missing}_KEY`, `it is not set, and MEZITE_S3_${given}_KEY is: set both or none`)
  }
  return Either.right(Option.all({ accessKey, secretKey }))
}

/** Where recordings are kept, from the environment. */
export const storageConfig: Config.Config<StorageConfig> = Config.mapOrFail(
  settings,
  ({ backend, bucket, accessKey, secretKey, ...options }): Either.Either<StorageConfig, ConfigError.ConfigError> => {
    if (backend === "filesystem") {
      // Recordings that were to go elsewhere would pile up on the hub's disk.
      return Option.isSome(bucket)
        ? invalid("MEZITE_S3_BUCKET", "it is set, but MEZITE_RECORDING_BACKEND is not s3: set that, or unset this")
        : Either.right({ _tag: "Filesystem" })
    }
    if (Option.isNone(bucket)) return invalid("MEZITE_S3_BUCKET", "with MEZITE_RECORDING_BACKEND=s3 it must be set")
    return Either.map(credentialsOf(accessKey, secretKey), (credentials) => ({
      _tag: "S3",
      ...options,
      bucket: bucket.value,
      credentials,
    }))
  },
)
