import { createHash } from "node:crypto"
import * as fs from "node:fs/promises"
import { Effect, Option, Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { recordingFileName } from "../../domain/RecordingFileName.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { warn } from "../Output.ts"
import { adminHub } from "./AdminHub.ts"

const attempt = <A>(path: string, run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: (error) => new CommandFailed({ message: `${path} can't be written: ${(error as Error).message}` }),
  })

/** A new file for its owner alone; it is gone where the rest fails. */
const newFile = (path: string) =>
  Effect.acquireRelease(
    attempt(path, () => fs.open(path, "wx", 0o600)),
    (file, exit) =>
      Effect.promise(async () => {
        await file.close()
        if (exit._tag === "Failure") await fs.rm(path, { force: true })
      }),
  )

/** Writes a recording to a file as it is stored, and says what was written. */
export const downloadRecording = Effect.fn("mezctl.recordings.download")(function* (
  session_id: SessionId,
  out: Option.Option<string>,
) {
  const path = Option.getOrElse(out, () => recordingFileName(session_id))
  const client = yield* adminHub
  const file = yield* newFile(path)
  const hash = createHash("sha256")
  let bytes = 0
  yield* Stream.runForEach(client.RecordingRead({ session_id, sealed: true, follow: false }), (piece) => {
    hash.update(piece)
    bytes += piece.length
    return attempt(path, () => file.writeFile(piece))
  })
  yield* attempt(path, () => file.sync())
  yield* warn(`${path}: ${bytes} bytes, SHA-256 ${hash.digest("hex")}`)
}, Effect.scoped)
