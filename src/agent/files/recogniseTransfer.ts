import { basename } from "node:path"
import { Option } from "effect"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import { FileTransfer } from "./FileTransfer.ts"
import { rsyncArguments } from "./internal/rsyncArguments.ts"
import { scpArguments } from "./internal/scpArguments.ts"
import { type SystemProgram, systemProgram } from "./internal/systemProgram.ts"
import { shellWords } from "./ShellWords.ts"

/** Where the system's programs are; a test's are elsewhere. */
export type FindProgram = (name: SystemProgram) => Option.Option<string>

/** A program's name, or its full path. */
const names = (word: string, name: SystemProgram, path: string): boolean => word === name || word === path

const sftp = (word: string | undefined, find: FindProgram): Option.Option<FileTransfer> =>
  Option.filter(find("sftp-server"), (path) => word === undefined || word === path).pipe(
    Option.map((program) => FileTransfer.Sftp({ program })),
  )

const copy = (first: string, words: ReadonlyArray<string>, find: FindProgram): Option.Option<FileTransfer> => {
  const found = (name: SystemProgram) => Option.filter(find(name), (path) => names(first, name, path))
  return Option.orElse(
    Option.zipWith(found("scp"), scpArguments(words), (program, about) => FileTransfer.Scp({ program, ...about })),
    () =>
      Option.zipWith(found("rsync"), rsyncArguments(words), (program, about) =>
        FileTransfer.Rsync({ program, ...about }),
      ),
  )
}

const ofCommand = (command: string, home: string, find: FindProgram): Option.Option<FileTransfer> =>
  Option.flatMap(shellWords(command), (words) => {
    const [first, ...others] = words.map(({ text, fromHome }) => (fromHome ? home + text.slice(1) : text))
    if (first === undefined) return Option.none()
    return Option.orElse(copy(first, others, find), () => (others.length === 0 ? sftp(first, find) : Option.none()))
  })

/** Shells that let their users run any program. With another (rbash, git-shell …) what may be run is for that to say. */
const unrestricted = new Set(["sh", "bash", "dash", "zsh", "ksh", "ksh93", "mksh", "fish", "tcsh", "csh", "ash"])

/** Whether a login may have programs run for it beside its shell. */
export const hasOpenShell = ({ shell }: Pick<LoginUser, "shell">): boolean => unrestricted.has(basename(shell))

/**
 * The file transfer that a request is, if it is one and nothing else: the subsystem `sftp`, or a command without a terminal that is
 * no more than the far side of `scp -O` or of rsync, with known arguments and nothing in it for a shell. That is then what is run,
 * and no shell; everything else is an ordinary session, however much it looks like a transfer, and so is
 * all that a login with a restricted shell asks for.
 */
export const recogniseTransfer = (
  { kind, pty }: Pick<SessionRequest, "kind" | "pty">,
  user: Pick<LoginUser, "home" | "shell">,
  find: FindProgram = systemProgram,
): Option.Option<FileTransfer> => {
  if (Option.isSome(pty) || !hasOpenShell(user)) return Option.none()
  if (kind._tag === "Subsystem") return kind.name === "sftp" ? sftp(undefined, find) : Option.none()
  return kind._tag === "Exec" ? ofCommand(kind.command, user.home, find) : Option.none()
}
