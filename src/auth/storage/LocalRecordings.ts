import * as fs from "node:fs"
import { join } from "node:path"
import { Array as Arr, Context, Effect, Layer, type Option, type Scope } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { recordingFileName, sessionOfFileName } from "../../domain/RecordingFileName.ts"
import { fileAttempt } from "./internal/fileAttempt.ts"
import { openFile } from "./internal/openFile.ts"
import type { StorageFailed, StoredFile } from "./RecordingStorage.ts"

const make = (directory: string) =>
  Effect.gen(function* () {
    const partial = join(directory, "partial")
    yield* fileAttempt(partial, () => fs.promises.mkdir(partial, { recursive: true, mode: 0o700 }))
    yield* fileAttempt(directory, () => fs.promises.chmod(directory, 0o700))
    const path = (sessionId: SessionId) => join(partial, recordingFileName(sessionId))
    return LocalRecordings.of({
      path,
      all: Effect.map(
        fileAttempt(partial, () => fs.promises.readdir(partial)),
        Arr.filterMap(sessionOfFileName),
      ),
      has: (sessionId) => Effect.sync(() => fs.existsSync(path(sessionId))),
      open: (sessionId) => openFile(path(sessionId)),
      discard: (sessionId) =>
        Effect.uninterruptible(fileAttempt(path(sessionId), () => fs.promises.rm(path(sessionId), { force: true }))),
    })
  })

/**
 * The recordings on this hub's own disk, as `DIRECTORY/partial/<session-id>.rec`: those that grow, and those that are whole
 * and wait to be stored. Files are 0600 in directories that are 0700.
 */
export class LocalRecordings extends Context.Tag("mezite/auth/LocalRecordings")<
  LocalRecordings,
  {
    readonly path: (sessionId: SessionId) => string
    readonly all: Effect.Effect<ReadonlyArray<SessionId>, StorageFailed>
    readonly has: (sessionId: SessionId) => Effect.Effect<boolean>
    /** Reads up to what is written now. */
    readonly open: (sessionId: SessionId) => Effect.Effect<Option.Option<StoredFile>, StorageFailed, Scope.Scope>
    /** Drops a recording, if it is there. */
    readonly discard: (sessionId: SessionId) => Effect.Effect<void, StorageFailed>
  }
>() {
  static readonly layer = (directory: string): Layer.Layer<LocalRecordings, StorageFailed> =>
    Layer.effect(LocalRecordings, make(directory))
}
