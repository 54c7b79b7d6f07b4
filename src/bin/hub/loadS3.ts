/**
 * Loads the S3 backend and its SDK. The SDK prints how long its newest versions will know which versions of Node; the version
 * that is used here is chosen by the lock file.
 */
export const loadS3 = () => {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true"
  return import("../../auth/storage/s3/S3.ts")
}
