import type { Option, Redacted } from "effect"

/** Which bucket recordings are kept in, and how it is reached. */
export interface S3Options {
  readonly bucket: string
  /** None: as AWS's own configuration of this machine says. */
  readonly region: Option.Option<string>
  /** None: AWS's default chain of credentials. */
  readonly credentials: Option.Option<{ readonly accessKey: string; readonly secretKey: Redacted.Redacted<string> }>
  /** What every object's key begins with. */
  readonly prefix: string
  readonly forcePathStyle: boolean
  /** The store's URL; none: AWS. */
  readonly endpoint: Option.Option<string>
}

/** How much is sent at once, and how long the store may be silent. */
export interface S3Limits {
  /** What is larger is sent in parts of this size; 5 MiB at least, for S3 takes no smaller ones. */
  readonly partBytes: number
  /** What is asked for at once where a recording is read. */
  readonly windowBytes: number
  readonly connectMs: number
  /** How long nothing may move on a connection. */
  readonly idleMs: number
  /** How often one request is tried. */
  readonly attempts: number
}

export const usualLimits: S3Limits = {
  partBytes: 8 * 1024 ** 2,
  windowBytes: 2 * 1024 ** 2,
  connectMs: 5_000,
  idleMs: 20_000,
  attempts: 4,
}
