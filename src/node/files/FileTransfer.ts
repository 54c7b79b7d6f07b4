import { Data } from "effect"

/** Seen from the user: an upload writes files of the node, a download reads them. */
export type Direction = "upload" | "download"

/** A file transfer, and the command that does it on the node: a program of the system, and its arguments, with no shell between. */
export type FileTransfer = Data.TaggedEnum<{
  Sftp: { readonly program: string }
  Scp: {
    readonly program: string
    readonly direction: Direction
    readonly arguments: ReadonlyArray<string>
    /** What is written to, or what is read. */
    readonly paths: ReadonlyArray<string>
  }
  Rsync: {
    readonly program: string
    readonly direction: Direction
    readonly arguments: ReadonlyArray<string>
    readonly paths: ReadonlyArray<string>
  }
}>
export const FileTransfer = Data.taggedEnum<FileTransfer>()
