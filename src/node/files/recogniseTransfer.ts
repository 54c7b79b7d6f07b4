import { Option } from "effect"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import { FileTransfer } from "./FileTransfer.ts"
import { rsyncArguments } from "./internal/rsyncArguments.ts"
import { scpArguments } from "./internal/scpArguments.ts"
import { canBeTold } from "./internal/toldWords.ts"
import { type ShellWord, shellWords } from "./ShellWords.ts"

/** The programs that transfer files. */
export type TransferProgram = "scp" | "rsync" | "sftp-server"

/** What is run for a transfer, and what it is told. */
export interface TransferShapes {
  /** What runs, where there is such a program. */
  readonly find: (name: TransferProgram) => Option.Option<string>
  /** The argument that a word of the command is. */
  readonly word: (word: ShellWord) => string
}

type FindProgram = TransferShapes["find"]

/** A program's name, or its full path. */
const names = (word: string, name: TransferProgram, path: string): boolean => word === name || word === path

const sftp = (word: string | undefined, find: FindProgram): Option.Option<FileTransfer> =>
  Option.filter(find("sftp-server"), (path) => word === undefined || word === path).pipe(
    Option.map((program) => FileTransfer.Sftp({ program })),
  )

const copy = (first: string, words: ReadonlyArray<string>, find: FindProgram): Option.Option<FileTransfer> => {
  const found = (name: TransferProgram) => Option.filter(find(name), (path) => names(first, name, path))
  return Option.orElse(
    Option.zipWith(found("scp"), scpArguments(words), (program, about) => FileTransfer.Scp({ program, ...about })),
    () =>
      Option.zipWith(found("rsync"), rsyncArguments(words), (program, about) =>
        FileTransfer.Rsync({ program, ...about }),
      ),
  )
}

const ofCommand = (command: string, { find, word }: TransferShapes): Option.Option<FileTransfer> =>
  Option.flatMap(shellWords(command), (words) => {
    const [first, ...others] = words.map(word)
    if (first === undefined || !canBeTold(others)) return Option.none()
    return Option.orElse(copy(first, others, find), () => (others.length === 0 ? sftp(first, find) : Option.none()))
  })

/**
 * The file transfer that a request is, if it is one and nothing else: the subsystem `sftp`, or a command without a terminal that is
 * no more than the far side of `scp -O` or of rsync, with known arguments, as many as the audit log can be told in full, and nothing
 * in it for a shell. Everything else is an ordinary session, however much it looks like a transfer.
 */
export const recogniseTransfer = (
  { kind, pty }: Pick<SessionRequest, "kind" | "pty">,
  shapes: TransferShapes,
): Option.Option<FileTransfer> => {
  if (Option.isSome(pty)) return Option.none()
  if (kind._tag === "Subsystem") return kind.name === "sftp" ? sftp(undefined, shapes.find) : Option.none()
  return kind._tag === "Exec" ? ofCommand(kind.command, shapes) : Option.none()
}
