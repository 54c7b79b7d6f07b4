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
    if (written === 0) return done(noRoom())
    writeAll(fd, rest, position + written, done)
  })
}

/** The same, in this very call; throws what the kernel says. */
export const writeAllInCall = (fd: number, chunks: ReadonlyArray<Uint8Array>, position: number): void => {
  for (let rest = chunks, at = position; rest.length > 0; ) {
    const written = fs.writevSync(fd, rest, at)
    if (written === 0) throw noRoom()
    rest = after(rest, written)
    at += written
  }
}

const noRoom = () => Object.assign(new Error("the disk takes no more bytes"), { code: "ENOSPC" })

const after = (chunks: ReadonlyArray<Uint8Array>, written: number): ReadonlyArray<Uint8Array> => {
  let left = written
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(index + 1)]
    left -= chunk.length
  }
  return []
}
