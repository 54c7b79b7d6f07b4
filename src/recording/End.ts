import type { RecordingStatus, SessionEnd } from "../domain/SessionEnd.ts"
import { encodeEntry } from "./Entry.ts"
import { type End, EndSchema, Status } from "./gen/mezite/recording/v1/recording_pb.ts"
import { converting, readMessage, safeNumber, writeMessage } from "./internal/Message.ts"
import { Limits } from "./Limits.ts"
import { RecordingError } from "./RecordingError.ts"

/** Reading from `offset`, the first frame met has this `seq` and `timeMs`. */
export interface SeekPoint {
  readonly timeMs: number
  readonly offset: number
  readonly seq: number
}

/** The screen as it was before the frame `seq`, which is the first one met from `offset` on. */
export interface Keyframe extends SeekPoint {
  readonly cols: number
  readonly rows: number
  /** Writing this to an empty terminal restores the screen. Encrypted in an encrypted recording. */
  readonly screen: Uint8Array
}

/** What a recording ends with. */
export interface RecordingEnd extends SessionEnd {
  readonly frames: number
  /** Output and stderr, in clear and uncompressed. */
  readonly outputBytes: number
  /** Input, also where it was masked. */
  readonly inputBytes: number
  /** SHA-256 over the frames' entries as the recorder sent them; empty where not known. */
  readonly framesDigest: Uint8Array
  /** In the order of the file. */
  readonly seekPoints: ReadonlyArray<SeekPoint>
  /** In the order of the file; at most one for a frame. */
  readonly keyframes: ReadonlyArray<Keyframe>
}

const statuses: Record<RecordingStatus, Status> = {
  completed: Status.COMPLETED,
  interrupted: Status.INTERRUPTED,
  truncated: Status.TRUNCATED,
}

const pointMessage = ({ timeMs, offset, seq }: SeekPoint) => ({
  timeMs: BigInt(timeMs),
  offset: BigInt(offset),
  seq: BigInt(seq),
})

const exitMessage = ({
  exit,
}: SessionEnd): { exit?: { case: "exitCode"; value: number } | { case: "exitSignal"; value: string } } => {
  if (exit === undefined) return {}
  return {
    exit: exit._tag === "Code" ? { case: "exitCode", value: exit.code } : { case: "exitSignal", value: exit.signal },
  }
}

/** The End's entry. Throws `TooLarge` over 16 MiB, `Corrupt` for values that it can't hold or points out of order. */
export const encodeEndEntry = (end: RecordingEnd): Uint8Array => {
  checkOrder(end.seekPoints, 0)
  checkOrder(end.keyframes, 0)
  const values = () => ({
    ...exitMessage(end),
    durationMs: BigInt(end.durationMs),
    status: statuses[end.status],
    reason: end.reason,
    frames: BigInt(end.frames),
    outputBytes: BigInt(end.outputBytes),
    inputBytes: BigInt(end.inputBytes),
    framesDigest: end.framesDigest,
    seekPoints: end.seekPoints.map(pointMessage),
    keyframes: end.keyframes.map(({ cols, rows, screen, ...point }) => ({
      cols,
      rows,
      screen,
      ...pointMessage(point),
    })),
  })
  return encodeEntry("end", writeMessage(EndSchema, values, Limits.end))
}

/** Reads an End; throws `Corrupt` or `TooLarge`. */
export const decodeEnd = (body: Uint8Array, offset: number): RecordingEnd => {
  const end = readMessage(EndSchema, body, offset)
  const status = (Object.keys(statuses) as RecordingStatus[]).find((name) => statuses[name] === end.status)
  if (status === undefined) throw RecordingError.at(offset, "Corrupt", "the End does not tell the recording's status")
  const decoded = converting(offset, () => endOf(end, status))
  checkOrder(decoded.seekPoints, offset)
  checkOrder(decoded.keyframes, offset)
  return decoded
}

const pointOf = (point: { readonly timeMs: bigint; readonly offset: bigint; readonly seq: bigint }): SeekPoint => ({
  timeMs: safeNumber(point.timeMs),
  offset: safeNumber(point.offset),
  seq: safeNumber(point.seq),
})

const endOf = (end: End, status: RecordingStatus): RecordingEnd => ({
  durationMs: safeNumber(end.durationMs),
  status,
  reason: end.reason,
  frames: safeNumber(end.frames),
  outputBytes: safeNumber(end.outputBytes),
  inputBytes: safeNumber(end.inputBytes),
  framesDigest: end.framesDigest,
  seekPoints: end.seekPoints.map(pointOf),
  keyframes: end.keyframes.map((key) => ({ ...pointOf(key), cols: key.cols, rows: key.rows, screen: key.screen })),
  ...(end.exit.case === "exitCode" ? { exit: { _tag: "Code", code: end.exit.value } } : {}),
  ...(end.exit.case === "exitSignal" ? { exit: { _tag: "Signal", signal: end.exit.value } } : {}),
})

const checkOrder = (points: ReadonlyArray<SeekPoint>, offset: number): void => {
  let before: SeekPoint = { timeMs: 0, offset: 0, seq: 0 }
  for (const point of points) {
    if (point.seq <= before.seq || point.offset <= before.offset || point.timeMs < before.timeMs) {
      throw RecordingError.at(offset, "Corrupt", "the End's seek table is out of order")
    }
    before = point
  }
}
