import type { FileHandle } from "node:fs/promises"
import type { Effect } from "effect"
import { fileAttempt } from "../../internal/fileAttempt.ts"
import type { StorageFailed } from "../../RecordingStorage.ts"

/** Reads a part of a file into the beginning of a buffer; it must all be there. */
export const readPart = (
  file: FileHandle,
  buffer: Buffer,
  { offset, length }: { readonly offset: number; readonly length: number },
): Effect.Effect<Buffer, StorageFailed> =>
  fileAttempt("a recording on this hub's disk", async () => {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
      if (bytesRead === 0) throw new Error("it is shorter than it was")
      done += bytesRead
    }
    return buffer.subarray(0, length)
  })
