import { readFileSync } from "node:fs"
import { FrameKind } from "../../../src/domain/Frame.ts"
import {
  type RecordingEnd,
  type RecordingHeader,
  RecordingReader,
  type RecordingReaderOptions,
} from "../../../src/recording/index.ts"
import { concat, parseAll } from "../../support/recordings.ts"

/** What a recording's file says, read by the library. */
export interface StoredRecording {
  readonly header: RecordingHeader
  readonly output: Buffer
  readonly stderr: Buffer
  readonly input: Buffer
  readonly resizes: number
  readonly end: RecordingEnd
}

/** Reads a recording that must be whole. */
export const storedRecording = (path: string, options: RecordingReaderOptions = {}): StoredRecording => {
  const { items, error } = parseAll(new RecordingReader(options), [readFileSync(path)])
  if (error !== undefined) throw error
  const payloads = (kind: FrameKind) =>
    Buffer.from(
      concat(items.flatMap((item) => (item._tag === "Frame" && item.frame.kind === kind ? [item.frame.payload] : []))),
    )
  const header = items.flatMap((item) => (item._tag === "Header" ? [item.header] : []))[0]
  const end = items.flatMap((item) => (item._tag === "End" ? [item.end] : []))[0]
  if (header === undefined || end === undefined) throw new Error(`${path} has no header or no end`)
  return {
    header,
    end,
    output: payloads(FrameKind.Output),
    stderr: payloads(FrameKind.Stderr),
    input: payloads(FrameKind.Input),
    resizes: items.filter((item) => item._tag === "Frame" && item.frame.kind === FrameKind.Resize).length,
  }
}
