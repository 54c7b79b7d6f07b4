import { Either } from "effect"
import { readSsh, SshReader } from "../../../ssh/SshWire.ts"
import { TransferGarbled } from "../TransferGarbled.ts"
import type { SftpPacket } from "./SftpPackets.ts"

/** A server's answer. */
export interface SftpAnswer {
  /** Of the request; -1 for the answer to `Init`. */
  readonly id: number
  /** `ok`, or why not. */
  readonly result: string
  /** Of a file or directory that was opened. */
  readonly handle?: string
  /** Bytes of a file. */
  readonly data?: number
}

const [version, status, handle, data, name, attributes, extendedReply] = [2, 101, 102, 103, 104, 105, 201]
const head = 8
const all = 64 * 1024

/** How much of a server's packet must be read. */
export const wantedOfAnswer = (type: number): number => (type === handle ? all : head)

/** How reading a file ends. */
export const endOfFile = "end of file"

/** SSH_FX_ codes (draft-ietf-secsh-filexfer-02, section 7). */
const results = [
  "ok",
  endOfFile,
  "no such file",
  "permission denied",
  "failed",
  "bad message",
  "no connection",
  "connection lost",
  "not supported",
]

const content = (type: number, reader: SshReader): Omit<SftpAnswer, "id"> => {
  switch (type) {
    case status: {
      const code = reader.uint32()
      return { result: results[code] ?? `failed with ${code}` }
    }
    case handle:
      return { result: "ok", handle: reader.string().toString("latin1") }
    case data:
      return { result: "ok", data: reader.uint32() }
    case name:
    case attributes:
    case extendedReply:
      return { result: "ok" }
    default:
      throw new TransferGarbled({ message: `${type} is no answer of SFTP, version 3` })
  }
}

export const readSftpAnswer = ({ type, body }: SftpPacket): SftpAnswer => {
  if (type === version) return { id: -1, result: "ok" }
  const read = readSsh("an SFTP answer", () => {
    const reader = new SshReader(body)
    return { id: reader.uint32(), ...content(type, reader) }
  })
  return Either.getOrThrowWith(read, ({ message }) => new TransferGarbled({ message }))
}
