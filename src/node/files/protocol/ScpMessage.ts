import { Data } from "effect"
import { TransferGarbled } from "../TransferGarbled.ts"

/** What the side of `scp` that gives files says in a line, without its end. */
export type ScpMessage = Data.TaggedEnum<{
  File: { readonly name: string; readonly bytes: number }
  Directory: { readonly name: string }
  EndDirectory: object
  Times: object
  /** It has no answer. */
  Problem: { readonly text: string }
}>
export const ScpMessage = Data.taggedEnum<ScpMessage>()

const file = /^C[0-7]{4,5} (\d{1,15}) (.+)$/s
const directory = /^D[0-7]{4,5} \d{1,16} (.+)$/s
const times = /^T\d{1,20} \d{1,6} \d{1,20} \d{1,6}$/

/** Reads a line of the protocol (scp.c, source and sink). */
export const readScpMessage = (line: Buffer): ScpMessage => {
  const text = line.toString("utf8")
  const [, size = "", fileName] = file.exec(text) ?? []
  if (fileName !== undefined) return ScpMessage.File({ name: fileName, bytes: Number(size) })
  const [, directoryName] = directory.exec(text) ?? []
  if (directoryName !== undefined) return ScpMessage.Directory({ name: directoryName })
  if (times.test(text)) return ScpMessage.Times()
  if (text === "E") return ScpMessage.EndDirectory()
  if (line[0] === 1 || line[0] === 2) return ScpMessage.Problem({ text: text.slice(1) })
  throw new TransferGarbled({ message: "what scp says is none of its protocol" })
}
