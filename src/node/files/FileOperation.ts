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
  /** `ok`, or why not. */
  readonly result: string
}

/** Told of each, in order. */
export type OnFileOperation = (operation: FileOperation) => void
