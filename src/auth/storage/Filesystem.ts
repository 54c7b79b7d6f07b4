import * as fs from "node:fs"
import { join } from "node:path"
import { Array as Arr, Effect, Layer, Option, Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { recordingFileName, sessionOfFileName } from "../../domain/RecordingFileName.ts"
import { syncDirectory } from "../../session/syncDirectory.ts"
import { RecordingStorage, StorageFailed } from "./RecordingStorage.ts"

/** Large enough that a replay does not wait for the disk, small enough to hold many at once. */
const chunkBytes = 256 * 1024

const attempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, StorageFailed> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new StorageFailed({ message: `${what}: ${(cause as Error).message}`, cause }),
  })

const exists = (path: string) =>
  attempt(path, () =>
    fs.promises.access(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? false : Promise.reject(error)),
    ),
  )

const durable = (directory: string) =>
  Effect.mapError(syncDirectory(directory), (cause) => new StorageFailed({ message: cause.message, cause }))

/**
 * Keeps recordings as `DIRECTORY/<session-id>.rec`, and unfinished ones in `DIRECTORY/partial/`. Both directories are
 * 0700. A recording appears in its place by rename(2): whole, or not at all.
 */
export const layer = (directory: string): Layer.Layer<RecordingStorage, StorageFailed> =>
  Layer.effect(
    RecordingStorage,
    Effect.gen(function* () {
      const partial = join(directory, "partial")
      yield* attempt(partial, () => fs.promises.mkdir(partial, { recursive: true, mode: 0o700 }))
      yield* attempt(directory, () => fs.promises.chmod(directory, 0o700))
      const partialPath = (sessionId: SessionId) => join(partial, recordingFileName(sessionId))
      const storedPath = (sessionId: SessionId) => join(directory, recordingFileName(sessionId))

      // Nothing calls back a rename that is under way: whoever looks next must find it done.
      const move = (from: string, to: string) =>
        Effect.uninterruptible(
          attempt(from, () => fs.promises.rename(from, to)).pipe(
            Effect.zipRight(durable(directory)),
            Effect.zipRight(durable(partial)),
          ),
        )
      const place = Effect.fn("RecordingStorage.place")(function* (sessionId: SessionId) {
        if (yield* exists(storedPath(sessionId))) return Option.some("stored" as const)
        if (yield* exists(partialPath(sessionId))) return Option.some("partial" as const)
        // It may have been put in its place between the two looks.
        return (yield* exists(storedPath(sessionId))) ? Option.some("stored" as const) : Option.none()
      })

      return RecordingStorage.of({
        partialPath,
        partials: attempt(partial, () => fs.promises.readdir(partial)).pipe(
          Effect.map(Arr.filterMap(sessionOfFileName)),
        ),
        place,
        commit: (sessionId) => move(partialPath(sessionId), storedPath(sessionId)),
        reopen: (sessionId) => move(storedPath(sessionId), partialPath(sessionId)),
        discard: (sessionId) =>
          Effect.uninterruptible(attempt(partialPath(sessionId), () => fs.promises.unlink(partialPath(sessionId)))),
        // It may be put in its place, or taken back, between a look and an open.
        read: (sessionId) => readFirst([storedPath(sessionId), partialPath(sessionId), storedPath(sessionId)]),
      })
    }),
  )

/** Reads the first of these files that is there. */
const readFirst = (paths: ReadonlyArray<string>): Stream.Stream<Uint8Array, StorageFailed> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const path = paths[0] ?? ""
      const file = yield* Effect.acquireRelease(
        Effect.firstSuccessOf(paths.map((path) => attempt(path, () => fs.promises.open(path, "r")))),
        (handle) => Effect.promise(() => handle.close()),
      )
      return Stream.repeatEffectOption(
        attempt(path, async () => {
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(chunkBytes), 0, chunkBytes)
          return buffer.subarray(0, bytesRead)
        }).pipe(
          Effect.mapError(Option.some),
          Effect.filterOrFail(
            (bytes) => bytes.length > 0,
            () => Option.none<StorageFailed>(),
          ),
        ),
      )
    }),
  )
