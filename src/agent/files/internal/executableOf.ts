import { FileTransfer } from "../../../node/files/FileTransfer.ts"
import type { Executable } from "../../terminal/internal/launch.ts"

/** What runs on the node for a transfer. */
export const executableOf: (transfer: FileTransfer) => Executable = FileTransfer.$match({
  Sftp: ({ program }) => ({ path: program, arguments: [] }),
  Scp: ({ program, arguments: words }) => ({ path: program, arguments: words }),
  Rsync: ({ program, arguments: words }) => ({ path: program, arguments: words }),
})
