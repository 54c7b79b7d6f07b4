import { constants } from "node:os"
import type { CommandEnded, CommandRefused, CommandStarted } from "../../../domain/CommandEvent.ts"
import type { Exit } from "../../../domain/SessionEnd.ts"
import type { RawRecord } from "./RawRecord.ts"

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name.slice(3)]))

/** RECORD_EXEC, with its arguments. Their end may be missing, and so may a last NUL where a program was given none. */
export const commandOf = (raw: RawRecord, known: Buffer): CommandStarted => {
  const fileEnd = raw.detail(1)
  const programEnd = fileEnd + raw.detail(2)
  return {
    _tag: "Started",
    timeUs: raw.timeUs,
    pid: raw.pid,
    parentPid: raw.parentPid,
    uid: raw.uid,
    effectiveUid: raw.effectiveUid,
    program: raw.path(fileEnd, programEnd),
    file: Buffer.from(raw.terminated(0, fileEnd)),
    directory: raw.path(programEnd),
    arguments: known,
    argumentsBytes: raw.detail(0),
    cut: raw.isCut,
  }
}

/** What wait(2) tells, as its macros read it. */
const exitOf = (status: number): Exit => {
  const signal = status & 0x7f
  if (signal === 0) return { _tag: "Code", code: (status >> 8) & 0xff }
  return { _tag: "Signal", signal: signalNames.get(signal) ?? `${signal}` }
}

/** RECORD_EXIT. */
export const endOf = (raw: RawRecord): CommandEnded => ({
  _tag: "Ended",
  timeUs: raw.timeUs,
  pid: raw.pid,
  exit: exitOf(raw.result),
})

/** RECORD_EXEC_FAILED. */
export const refusalOf = (raw: RawRecord): CommandRefused => {
  const fileEnd = raw.detail(1)
  const file = Buffer.from(raw.terminated(0, fileEnd))
  const directory = file[0] === 0x2f ? Buffer.alloc(0) : raw.path(fileEnd)
  return { _tag: "Refused", timeUs: raw.timeUs, pid: raw.pid, file, directory, error: raw.result }
}
