import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { Effect, Layer } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { recordingFileName } from "../../domain/RecordingFileName.ts"
import { syncDirectory } from "../../session/syncDirectory.ts"
import { fileAttempt } from "./internal/fileAttempt.ts"
import { openFile } from "./internal/openFile.ts"
import { type FinishedRecording, RecordingStorage, StorageFailed } from "./RecordingStorage.ts"

const durable = (directory: string) =>
  Effect.mapError(syncDirectory(directory), (cause) => new StorageFailed({ message: cause.message, cause }))

/** Moves a file within one file system, durably; one that is in its place was moved before. */
const move = ({ path: from, bytes }: FinishedRecording, to: string) =>
  fileAttempt(from, () =>
    fs.promises.rename(from, to).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" || (await fs.promises.stat(to)).size !== bytes) throw error
    }),
  ).pipe(Effect.zipRight(durable(dirname(to))), Effect.zipRight(durable(dirname(from))))

/**
 * Keeps recordings on the hub's own disk as `DIRECTORY/<session-id>.rec`. A recording appears in its place by rename(2):
 * whole, or not at all.
 */
export const layer = (directory: string): Layer.Layer<RecordingStorage, StorageFailed> =>
  Layer.effect(
    RecordingStorage,
    Effect.gen(function* () {
      yield* fileAttempt(directory, () => fs.promises.mkdir(directory, { recursive: true, mode: 0o700 }))
      const path = (sessionId: SessionId) => join(directory, recordingFileName(sessionId))
      return RecordingStorage.of({
        // Nothing calls back a rename that is under way: whoever looks next must find it done.
        put: (recording) => Effect.uninterruptible(move(recording, path(recording.sessionId))),
        open: (sessionId) => openFile(path(sessionId)),
        remove: (sessionId) =>
          Effect.uninterruptible(
            Effect.zipRight(
              fileAttempt(path(sessionId), () => fs.promises.rm(path(sessionId), { force: true })),
              durable(directory),
            ),
          ),
      })
    }),
  )
