import type { FileEvent } from "../../../domain/FileEvent.ts"
import type { RawRecord } from "./RawRecord.ts"

const slash = 0x2f

const about = (raw: RawRecord) => ({
  timeUs: raw.timeUs,
  pid: raw.pid,
  name: raw.name,
  flags: raw.detail(0),
  error: raw.result,
  cut: raw.isCut,
  unseen: false,
})

/** RECORD_OPEN. */
export const fileOpened = (raw: RawRecord): FileEvent => ({ ...about(raw), path: raw.path(0) })

/** RECORD_OPEN_ASKED: a path that is relative is told from the directory that it starts from. */
export const fileAsked = (raw: RawRecord): FileEvent => {
  const fileEnd = raw.detail(1)
  const file = raw.terminated(0, fileEnd)
  if (file.length === 0 || file[0] === slash) return { ...about(raw), path: Buffer.from(file) }
  const directory = raw.path(fileEnd)
  const separator = directory.length > 1 ? "/" : ""
  return { ...about(raw), path: Buffer.concat([directory, Buffer.from(separator), file]) }
}

/** RECORD_IO_URING. */
export const fileUnseen = (raw: RawRecord): FileEvent => ({
  ...about(raw),
  path: Buffer.alloc(0),
  flags: 0,
  unseen: true,
})
