import { Option } from "effect"
import type { S3Options } from "../S3Options.ts"
import type { StoreError } from "./StoreError.ts"

/** S3 refuses requests whose clock is 15 minutes off. */
const clockToleranceMs = 15 * 60_000

const clock = (aheadMs: number): string =>
  `this machine's clock is ${Math.round(Math.abs(aheadMs) / 60_000)} minutes ${aheadMs > 0 ? "ahead of" : "behind"} the store's, and S3 refuses more than 15: set it`

/**
 * What is wrong with how the bucket is configured, in one line that says how to mend it; undefined where the store only does not
 * answer. `action` is what was tried, by its name in S3's policies.
 */
export const explainRefusal = (action: string, error: StoreError, options: S3Options): string | undefined => {
  const { bucket } = options
  const { code, status, message } = error
  if (Math.abs(error.clockAheadMs) > clockToleranceMs) return clock(error.clockAheadMs)
  switch (code) {
    case "NoSuchBucket":
      return `there is no bucket "${bucket}": make it, or correct MEZITE_S3_BUCKET`
    case "InvalidBucketName":
      return `"${bucket}" cannot be a bucket's name: correct MEZITE_S3_BUCKET`
    case "InvalidAccessKeyId":
      return "the store does not know the access key: correct MEZITE_S3_ACCESS_KEY"
    case "SignatureDoesNotMatch":
      return "the secret key does not belong to the access key: correct MEZITE_S3_SECRET_KEY"
    case "CredentialsProviderError":
      return "no credentials were found: set MEZITE_S3_ACCESS_KEY and MEZITE_S3_SECRET_KEY, or give this machine an IAM role"
    case "ENOTFOUND":
      return `${Option.getOrElse(options.endpoint, () => "the store")} has no address (${message}): correct MEZITE_S3_ENDPOINT, MEZITE_S3_REGION, or set MEZITE_S3_FORCE_PATH_STYLE=true`
  }
  if (/^Region is missing/.test(message)) return "no region is set: set MEZITE_S3_REGION"
  const regionNow = Option.getOrElse(options.region, () => "its default")
  if (error.region !== null && error.region !== regionNow && (status === 301 || status === 400)) {
    return `the bucket "${bucket}" is in the region ${error.region}, not in ${regionNow}: set MEZITE_S3_REGION=${error.region}`
  }
  if (status === 301 || code === "AuthorizationHeaderMalformed") {
    return `the bucket "${bucket}" is not in the region ${regionNow}: correct MEZITE_S3_REGION (${message})`
  }
  if (status === 403)
    return `the store denies ${action} on the bucket "${bucket}": allow it to this hub's credentials (${message})`
  return status >= 400 && status < 500 && status !== 429
    ? `the store refuses ${action} on the bucket "${bucket}": ${message}`
    : undefined
}
