import { Data, Either } from "effect"
import { readSsh, SshReader } from "../../../ssh/SshWire.ts"
import type { FileAttributes } from "../FileOperation.ts"
import { TransferGarbled } from "../TransferGarbled.ts"
import { readSftpAttributes } from "./readSftpAttributes.ts"
import type { SftpPacket } from "./SftpPackets.ts"

/** A client's request, as far as it matters to whom files are audited. Paths are bytes. */
export type SftpRequest = Data.TaggedEnum<{
  Init: object
  /** `writes`: or creates it, or cuts it off. */
  Open: { readonly path: Buffer; readonly writes: boolean }
  Close: { readonly handle: string }
  Read: { readonly handle: string }
  Write: { readonly handle: string; readonly bytes: number }
  List: { readonly path: Buffer }
  Change: {
    readonly action: "remove" | "mkdir" | "rmdir" | "rename" | "symlink" | "link" | "setstat"
    readonly path: Buffer
    readonly to?: Buffer
    readonly attributes?: FileAttributes
  }
  /** Of an open file. */
  SetOpen: { readonly handle: string; readonly attributes: FileAttributes }
  /** From one open file to another. */
  Copy: { readonly from: string; readonly to: string }
  /** Asks, and changes nothing. */
  Other: object
}>
export const SftpRequest = Data.taggedEnum<SftpRequest>()

/** Message types (draft-ietf-secsh-filexfer-02, section 3). */
const types: Readonly<Record<number, string>> = {
  1: "INIT",
  3: "OPEN",
  4: "CLOSE",
  5: "READ",
  6: "WRITE",
  7: "LSTAT",
  8: "FSTAT",
  9: "SETSTAT",
  10: "FSETSTAT",
  11: "OPENDIR",
  12: "READDIR",
  13: "REMOVE",
  14: "MKDIR",
  15: "RMDIR",
  16: "REALPATH",
  17: "STAT",
  18: "RENAME",
  19: "READLINK",
  20: "SYMLINK",
  200: "EXTENDED",
}
const writeType = 6

/** SSH_FXF_WRITE, SSH_FXF_CREAT, SSH_FXF_TRUNC: each changes what there is, whatever is asked for beside it. */
const changingFlags = 0x02 | 0x08 | 0x10

/** A handle, an offset and a length come before what is written; OpenSSH's handles have 4 bytes. */
const writeHead = 4 + 4 + 256 + 8 + 4

/** Two paths of PATH_MAX with what stands beside them. No file has a longer name; who sends one cannot be followed. */
const pathsHead = 2 * 4096 + 512

/** How much of a client's packet must be read. */
export const wantedOfRequest = (type: number): number => (type === writeType ? writeHead : pathsHead)

const change = (action: Extract<SftpRequest, { _tag: "Change" }>["action"], path: Buffer, to?: Buffer): SftpRequest =>
  SftpRequest.Change(to === undefined ? { action, path } : { action, path, to })

const setstat = (reader: SshReader): SftpRequest =>
  SftpRequest.Change({ action: "setstat", path: reader.string(), attributes: readSftpAttributes(reader) })

/** OpenSSH's extensions that change something (PROTOCOL, section 4); the others ask. */
const extended = (name: string, reader: SshReader): SftpRequest => {
  switch (name) {
    case "posix-rename@openssh.com":
      return change("rename", reader.string(), reader.string())
    case "hardlink@openssh.com":
      return change("link", reader.string(), reader.string())
    case "lsetstat@openssh.com":
      return setstat(reader)
    case "copy-data": {
      const from = reader.string().toString("latin1")
      reader.uint64()
      reader.uint64()
      return SftpRequest.Copy({ from, to: reader.string().toString("latin1") })
    }
    default:
      return SftpRequest.Other()
  }
}

const content = (name: string, reader: SshReader): SftpRequest => {
  const handle = () => reader.string().toString("latin1")
  switch (name) {
    case "OPEN":
      return SftpRequest.Open({ path: reader.string(), writes: (reader.uint32() & changingFlags) !== 0 })
    case "CLOSE":
      return SftpRequest.Close({ handle: handle() })
    case "READ":
      return SftpRequest.Read({ handle: handle() })
    case "WRITE": {
      const to = handle()
      reader.uint64()
      return SftpRequest.Write({ handle: to, bytes: reader.uint32() })
    }
    case "FSETSTAT":
      return SftpRequest.SetOpen({ handle: handle(), attributes: readSftpAttributes(reader) })
    case "SETSTAT":
      return setstat(reader)
    case "REMOVE":
    case "MKDIR":
    case "RMDIR":
      return change(name.toLowerCase() as "remove", reader.string())
    case "OPENDIR":
      return SftpRequest.List({ path: reader.string() })
    case "RENAME":
      return change("rename", reader.string(), reader.string())
    case "SYMLINK": {
      // OpenSSH has the two the other way round than the draft (PROTOCOL, section 4.1).
      const target = reader.string()
      return change("symlink", reader.string(), target)
    }
    case "EXTENDED":
      return extended(reader.string().toString("latin1"), reader)
    default:
      return SftpRequest.Other()
  }
}

/** A request, and the number by which its answer is known; `Init` has none. */
export const readSftpRequest = ({ type, body }: SftpPacket): { readonly id: number; readonly request: SftpRequest } => {
  const name = types[type]
  if (name === undefined) throw new TransferGarbled({ message: `${type} is no request of SFTP, version 3` })
  if (name === "INIT") return { id: -1, request: SftpRequest.Init() }
  const read = readSsh("an SFTP request", () => {
    const reader = new SshReader(body)
    return { id: reader.uint32(), request: content(name, reader) }
  })
  return Either.getOrThrowWith(read, ({ message }) => new TransferGarbled({ message }))
}
