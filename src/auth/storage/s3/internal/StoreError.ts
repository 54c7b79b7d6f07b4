import { Schema } from "effect"
import { StorageFailed } from "../../RecordingStorage.ts"

/** A request to the store did not succeed. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  /** S3's code for it, or the system's: `NoSuchBucket`, `ECONNREFUSED`. */
  code: Schema.String,
  /** Of the answer; 0 where there was none. */
  status: Schema.Number,
  message: Schema.String,
  /** Where the store says that the bucket is. */
  region: Schema.NullOr(Schema.String),
  /** How far this machine's clock is ahead of the store's, in milliseconds; 0 where that is not known. */
  clockAheadMs: Schema.Number,
  cause: Schema.Defect,
}) {}

interface SdkError {
  readonly name?: string
  readonly Code?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

const clockAhead = (date: string | undefined): number => {
  const told = Date.parse(date ?? "")
  return Number.isNaN(told) ? 0 : Date.now() - told
}

const firstOf = (...names: ReadonlyArray<string | undefined>): string =>
  names.find((name) => name !== undefined && name !== "" && name !== "Error" && name !== "Unknown") ?? "Error"

/** What the SDK threw. */
export const storeError = (cause: unknown): StoreError => {
  const error = cause as SdkError
  const headers = error.$response?.headers ?? {}
  const code = firstOf(error.Code, error.code, error.name)
  return new StoreError({
    code,
    status: error.$metadata?.httpStatusCode ?? 0,
    message: error.message === undefined || /^(UnknownError)?$/.test(error.message) ? code : error.message,
    region: headers["x-amz-bucket-region"] ?? null,
    clockAheadMs: clockAhead(headers.date),
    cause,
  })
}

/** The store has no such object. */
export const isAbsent = ({ code, status }: StoreError): boolean => status === 404 && code !== "NoSuchBucket"

/** There is an object where there should be none, or another than the one that should be there. */
export const isTaken = ({ status }: StoreError): boolean => status === 412

/** The bytes that arrived are not those that were sent. */
export const isDamaged = ({ code }: StoreError): boolean =>
  ["BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"].includes(code)

const ofTheBucket = new Set(["NoSuchBucket", "ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed"])

/** Nothing of this bucket can be used now: the store does not answer, or refuses this hub. */
const isAway = ({ code, status }: StoreError): boolean =>
  status < 400 || status >= 500 || [401, 403, 429].includes(status) || ofTheBucket.has(code)

/** A request's failure as the storage's own; `what` is told with it. */
export const storageFailed =
  (what: string) =>
  (error: StoreError): StorageFailed =>
    new StorageFailed({ message: `${what}: ${describe(error)}`, away: isAway(error), cause: error })

const describe = ({ status, code, message }: StoreError): string => {
  const said = message === code || message.includes(code) ? message : `${code}, ${message}`
  return status === 0 ? said : `the store answers ${status} ${said}`
}
