import { Schema } from "effect"
import { type Frame, FrameKind } from "../domain/Frame.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import type { RecordingEnd } from "../recording/End.ts"
import { Asciicast, type AsciicastVersion } from "./Asciicast.ts"
import { JsonTranscript } from "./JsonTranscript.ts"
import { PlainText } from "./PlainText.ts"

export const ExportFormat = Schema.Literal("cast2", "cast3", "text", "json", "raw")
export type ExportFormat = typeof ExportFormat.Type

/** Turns a recording into another form as it is read. `end` is called once, also where the recording has none. */
export interface SessionExport {
  readonly header: (info: SessionInfo) => string
  readonly frame: (frame: Frame) => string | Uint8Array
  readonly end: (end: RecordingEnd | undefined) => string
}

const isShown = (frame: Frame): boolean => frame.kind === FrameKind.Output || frame.kind === FrameKind.Stderr

const raw = (): SessionExport => ({
  header: () => "",
  frame: (frame) => (isShown(frame) ? frame.payload : ""),
  end: () => "",
})

const text = (): SessionExport => {
  const plain = new PlainText()
  return {
    header: () => "",
    frame: (frame) => (isShown(frame) ? plain.write(frame.payload) : ""),
    end: () => plain.end(),
  }
}

const asciicast = (version: AsciicastVersion): SessionExport => {
  const cast = new Asciicast(version)
  return {
    header: (info) => cast.header(info),
    frame: (frame) => cast.frame(frame),
    end: (end) => cast.end(end?.exit?._tag === "Code" ? end.exit.code : undefined),
  }
}

/** A writer of this format, for one recording. */
export const sessionExport = (format: ExportFormat): SessionExport => {
  switch (format) {
    case "cast2":
      return asciicast(2)
    case "cast3":
      return asciicast(3)
    case "text":
      return text()
    case "raw":
      return raw()
    case "json":
      return new JsonTranscript()
  }
}
