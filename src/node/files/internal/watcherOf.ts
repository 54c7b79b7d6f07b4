import type { OnFileOperation } from "../FileOperation.ts"
import { FileTransfer } from "../FileTransfer.ts"
import { ScpWatcher } from "../protocol/ScpWatcher.ts"
import { SftpWatcher } from "../protocol/SftpWatcher.ts"
import type { TransferWatcher } from "../TransferWatcher.ts"

/** rsync's protocol, which may be compressed, is not followed: what the command names, and how much passed, is told of it. */
const unwatched: TransferWatcher = {
  fromClient: (bytes) => bytes.length,
  fromServer: () => undefined,
  begun: [],
  end: () => undefined,
}

/** Follows a transfer's bytes. */
export const watcherOf = (transfer: FileTransfer, tell: OnFileOperation): TransferWatcher =>
  FileTransfer.$match(transfer, {
    Sftp: () => new SftpWatcher(tell),
    Scp: ({ direction, paths }) => new ScpWatcher(direction, paths.join(" "), tell),
    Rsync: () => unwatched,
  })
