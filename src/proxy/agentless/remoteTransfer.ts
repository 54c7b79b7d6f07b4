import { Option } from "effect"
import { FileTransfer } from "../../node/files/FileTransfer.ts"
import { recogniseTransfer, type TransferShapes } from "../../node/files/recogniseTransfer.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"

/** The programs go by their names: where they are, the target's shell knows. */
const shapes: TransferShapes = {
  find: (name) => (name === "sftp-server" ? Option.none() : Option.some(name)),
  // Only a `~` that a shell would replace stays one: see `commandLine`.
  word: ({ text, fromHome }) => (!fromHome && text.startsWith("~") ? `./${text}` : text),
}

/**
 * The file transfer that a request is, by its exact shape. What runs it on the target is the login's own shell, or its sshd: what
 * these make of it nobody can tell from here.
 */
export const remoteTransfer = (request: Pick<SessionRequest, "kind" | "pty">): Option.Option<FileTransfer> =>
  request.kind._tag === "Subsystem" && request.kind.name === "sftp" && Option.isNone(request.pty)
    ? Option.some(FileTransfer.Sftp({ program: "sftp" }))
    : recogniseTransfer(request, shapes)

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** `~` and `~/…`, whose beginning is left to the shell. */
const fromHome = (word: string): string => (word === "~" ? word : `~/${quoted(word.slice(2))}`)

/** A command whose words any shell takes as they are, but for a home directory at the start of a path. */
export const commandLine = (program: string, words: ReadonlyArray<string>): string =>
  [program, ...words.map((word) => (word === "~" || word.startsWith("~/") ? fromHome(word) : quoted(word)))].join(" ")
