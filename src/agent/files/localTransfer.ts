import { basename } from "node:path"
import { Option } from "effect"
import type { FileTransfer } from "../../node/files/FileTransfer.ts"
import { recogniseTransfer, type TransferShapes } from "../../node/files/recogniseTransfer.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import { systemProgram } from "./internal/systemProgram.ts"

/** Shells that let their users run any program. With another (rbash, git-shell …) what may be run is for that to say. */
const unrestricted = new Set(["sh", "bash", "dash", "zsh", "ksh", "ksh93", "mksh", "fish", "tcsh", "csh", "ash"])

/** Whether a login may have programs run for it beside its shell. */
const hasOpenShell = ({ shell }: Pick<LoginUser, "shell">): boolean => unrestricted.has(basename(shell))

const restrictedShell = "this login has a restricted shell, beside which no files are transferred"
const noSftpServer = "this node has no sftp-server: install openssh-sftp-server there"

/** What to tell a login that asks for sftp and gets none. */
export const noSftp = (user: LoginUser): string => (hasOpenShell(user) ? noSftpServer : restrictedShell)

/**
 * The file transfer that a login's request is, of those that this machine has the programs for; none for a login with a restricted
 * shell. It is run without a shell.
 */
export const localTransfer = (
  request: Pick<SessionRequest, "kind" | "pty">,
  user: Pick<LoginUser, "home" | "shell">,
  find: TransferShapes["find"] = systemProgram,
): Option.Option<FileTransfer> =>
  hasOpenShell(user)
    ? recogniseTransfer(request, {
        find,
        word: ({ text, fromHome }) => (fromHome ? user.home + text.slice(1) : text),
      })
    : Option.none()
