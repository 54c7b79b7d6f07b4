import { createWriteStream } from "node:fs"
import { Chunk, Effect, Option, Stream } from "effect"
import { type ExportFormat, type SessionExport, sessionExport } from "../../play/SessionExport.ts"
import type { RecordingEnd } from "../../recording/End.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import type { RecordingEvent } from "../../recording/RecordingReader.ts"
import { readRecording } from "../../recording/RecordingStream.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { writeTo } from "../Output.ts"
import { Stdio } from "../Stdio.ts"
import { recordingBytes, recordingTarget } from "./RecordingSource.ts"
import { readingKeys } from "./readingKeys.ts"
import { unreadable } from "./unreadable.ts"

/** `msh export`. */
export interface ExportOptions {
  readonly identity: Option.Option<string>
  readonly format: ExportFormat
  /** Standard output where absent. */
  readonly output: Option.Option<string>
  readonly recording: string
}

/** A new file that only its owner may read: it holds a session in clear. */
const openFile = (path: string) =>
  Effect.acquireRelease(
    Effect.async<NodeJS.WritableStream & ReturnType<typeof createWriteStream>, CommandFailed>((resume) => {
      const file = createWriteStream(path, { mode: 0o600 })
      file.once("error", (error) =>
        resume(new CommandFailed({ message: `${path} can't be written: ${error.message}` })),
      )
      file.once("open", () => resume(Effect.succeed(file)))
    }),
    (file) => Effect.async<void>((resume) => void file.end(() => resume(Effect.void))),
  )

const pieceOf = (event: RecordingEvent, target: SessionExport): string | Uint8Array => {
  if (event._tag === "Header") return target.header(event.header.info)
  return event._tag === "Frame" ? target.frame(event.frame) : ""
}

const piecesOf = (events: Chunk.Chunk<RecordingEvent>, target: SessionExport) =>
  Effect.try({
    try: () => Buffer.concat(Chunk.toReadonlyArray(events).map((event) => Buffer.from(pieceOf(event, target)))),
    catch: (error) =>
      error instanceof RecordingError ? error : new CommandFailed({ message: `can't be exported: ${String(error)}` }),
  })

/** Writes a recording in another form, as it is read; a damaged one up to the damage, and then fails. */
export const exportRecording = Effect.fn("msh.export")(
  function* (options: ExportOptions) {
    const { stdout } = yield* Stdio
    const source = yield* recordingTarget(options.recording)
    const keys = yield* readingKeys(source, options.identity)
    const output = Option.isSome(options.output) ? yield* openFile(options.output.value) : stdout
    const target = sessionExport(options.format)
    let begun = false
    let end: RecordingEnd | undefined
    const events = readRecording(recordingBytes(source, "clear", options.identity), { keys })
    const exit = yield* Effect.exit(
      Stream.runForEachChunk(events, (chunk) => {
        begun ||= chunk.length > 0
        for (const event of chunk) if (event._tag === "End") end = event.end
        return Effect.flatMap(piecesOf(chunk, target), (bytes) => writeTo(output, bytes))
      }),
    )
    if (begun) yield* writeTo(output, target.end(end))
    return yield* exit
  },
  Effect.scoped,
  (effect, { recording }) => Effect.catchTag(effect, "RecordingError", unreadable(recording)),
)
