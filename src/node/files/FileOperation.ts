/** What a file was given beside its content; what is not set is not there. */
export interface FileAttributes {
  /** Its length, in bytes. */
  readonly size?: number
  /** `UID:GID` */
  readonly owner?: string
  /** Permissions, in octal. */
  readonly mode?: string
  /** RFC 3339, UTC. */
  readonly modified_at?: string
}

/** What was done to a file, or was tried, as the audit log is told of it. */
export interface FileOperation {
  readonly action:
    | "upload"
    | "download"
    | "list"
    | "remove"
    | "mkdir"
    | "rmdir"
    | "rename"
    | "symlink"
    | "link"
    | "setstat"
    | "copy"
  /** As the client named it; bytes, for a path need be no text. */
  readonly path: Uint8Array | string
  /** The other path, of what has two: where to, or what a link points to. */
  readonly to?: Uint8Array | string
  /** The name within `path`, where the client gave it later. */
  readonly name?: string
  /** Of the file's content, as far as it was passed on. */
  readonly bytes?: number
  /** That were set, or were to be. */
  readonly attributes?: FileAttributes
  /** `ok`, or why not; of a file the first thing that went wrong. */
  readonly result: string
}

/** Told of each, in order. */
export type OnFileOperation = (operation: FileOperation) => void
