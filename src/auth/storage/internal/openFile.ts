import * as fs from "node:fs"
import { Effect, Option, type Scope, Stream } from "effect"
import type { StorageFailed, StoredFile } from "../RecordingStorage.ts"
import { fileAttempt } from "./fileAttempt.ts"

/** Large enough that a replay does not wait for the disk, small enough to hold many at once. */
const chunkBytes = 256 * 1024

const orAbsent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === "ENOENT") return undefined
  throw error
}

const readAt = (file: fs.promises.FileHandle, path: string, offset: number, length: number) =>
  fileAttempt(path, async () => {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  })

/** Opens a file to be read, up to what is written at the time of each read; none where it is not there. */
export const openFile = (path: string): Effect.Effect<Option.Option<StoredFile>, StorageFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const file = yield* Effect.acquireRelease(
      fileAttempt(path, () => fs.promises.open(path, "r").catch(orAbsent)),
      (handle) => Effect.promise(async () => handle?.close()),
    )
    if (file === undefined) return Option.none()
    const { size } = yield* fileAttempt(path, () => file.stat())
    return Option.some({
      size,
      read: (offset: number, length: number) => readAt(file, path, offset, length),
      from: (start: number) =>
        Stream.unfoldEffect(start, (offset) =>
          Effect.map(readAt(file, path, offset, chunkBytes), (piece) =>
            piece.length === 0 ? Option.none() : Option.some([piece, offset + piece.length] as const),
          ),
        ),
    })
  })
