import { Schema } from "effect"

/** A file could not be opened, written or made durable; the message says which and why. */
export class FileFailed extends Schema.TaggedError<FileFailed>()("FileFailed", {
  path: Schema.String,
  message: Schema.String,
  /** As in errno(3), for example ENOSPC. */
  code: Schema.String,
}) {
  static of(path: string, error: NodeJS.ErrnoException): FileFailed {
    return new FileFailed({ path, message: `${path}: ${error.message}`, code: error.code ?? "EIO" })
  }
}
