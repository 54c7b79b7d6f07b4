import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3"
import { Effect, Option, Redacted, type Scope } from "effect"
import type { SessionId } from "../../../../domain/Identifiers.ts"
import { recordingFileName } from "../../../../domain/RecordingFileName.ts"
import type { S3Limits, S3Options } from "../S3Options.ts"
import { type StoreError, storeError } from "./StoreError.ts"

/** A bucket of an S3 store, and the only place where its SDK is called. */
export interface Bucket {
  readonly name: string
  readonly prefix: string
  readonly limits: S3Limits
  readonly keyOf: (sessionId: SessionId) => string
  /** Sends a request, which is given up when its fiber is interrupted. */
  readonly send: <A>(
    request: (client: S3Client, options: { readonly abortSignal: AbortSignal }) => Promise<A>,
  ) => Effect.Effect<A, StoreError>
}

const configOf = (options: S3Options, limits: S3Limits): S3ClientConfig => ({
  forcePathStyle: options.forcePathStyle,
  maxAttempts: limits.attempts,
  requestHandler: { connectionTimeout: limits.connectMs, socketTimeout: limits.idleMs },
  // Each request brings checksums of its own; those that the SDK adds, not every store understands.
  requestChecksumCalculation: "WHEN_REQUIRED",
  responseChecksumValidation: "WHEN_REQUIRED",
  ...Option.match(options.endpoint, {
    onNone: () => Option.match(options.region, { onNone: () => ({}), onSome: (region) => ({ region }) }),
    onSome: (endpoint) => ({ endpoint, region: Option.getOrElse(options.region, () => "us-east-1") }),
  }),
  ...Option.match(options.credentials, {
    onNone: () => ({}),
    onSome: ({ accessKey, secretKey }) => ({
      credentials: { accessKeyId: accessKey, secretAccessKey: Redacted.value(secretKey) },
    }),
  }),
})

/** Opens no connection yet. */
export const openBucket = (options: S3Options, limits: S3Limits): Effect.Effect<Bucket, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new S3Client(configOf(options, limits))),
      (client) => Effect.sync(() => client.destroy()),
    ),
    (client) => ({
      name: options.bucket,
      prefix: options.prefix,
      limits,
      keyOf: (sessionId) => options.prefix + recordingFileName(sessionId),
      send: (request) =>
        Effect.tryPromise({ try: (abortSignal) => request(client, { abortSignal }), catch: storeError }),
    }),
  )
