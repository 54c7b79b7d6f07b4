import { statSync } from "node:fs"
import { Option } from "effect"

/** Where systems have them: Debian's, then others'. */
const places = {
  scp: ["/usr/bin/scp"],
  rsync: ["/usr/bin/rsync"],
  "sftp-server": [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
  ],
} as const
export type SystemProgram = keyof typeof places

const writableByOthers = 0o022

/** A file that is root's, and that nobody else may change. */
const isTheSystems = (path: string): boolean => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.uid === 0 && (stat.mode & writableByOthers) === 0 && (stat.mode & 0o111) !== 0
}

/** The path of a program of the system's own; none where it is not installed. */
export const systemProgram = (name: SystemProgram): Option.Option<string> =>
  Option.fromNullable(places[name].find(isTheSystems))
