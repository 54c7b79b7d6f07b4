import { createHash } from "node:crypto"

/** What a store holds the bytes against that arrive: MD5, which all of them check, and SHA-256, which S3 itself also keeps. */
export const sumsOf = (bytes: Uint8Array): { readonly ContentMD5: string; readonly ChecksumSHA256: string } => ({
  ContentMD5: createHash("md5").update(bytes).digest("base64"),
  ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
})
