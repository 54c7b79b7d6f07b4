import * as fs from "node:fs"

/** Writes all of `chunks` at `position`, however often the kernel takes only a part. */
export const writeAll = (
  fd: number,
  chunks: ReadonlyArray<Uint8Array>,
  position: number,
  done: (error: NodeJS.ErrnoException | null) => void,
): void => {
  fs.writev(fd, chunks, position, (error, written) => {
    if (error !== null) return done(error)
    const rest = after(chunks, written)
    if (rest.length === 0) return done(null)
    if (written === 0) return done(Object.assign(new Error("the disk takes no more bytes"), { code: "ENOSPC" }))
    writeAll(fd, rest, position + written, done)
  })
}

const after = (chunks: ReadonlyArray<Uint8Array>, written: number): ReadonlyArray<Uint8Array> => {
  let left = written
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(index + 1)]
    left -= chunk.length
  }
  return []
}
