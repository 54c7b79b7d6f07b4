import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { Effect } from "effect"

type WriteV = typeof fs.writev
type Sync = typeof fs.fdatasync

const noSpace = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })

/** Puts stand-ins in the place of what recordings are written with. */
const install = (writev: WriteV, fdatasync: Sync): void => {
  Object.assign(fs, { writev, fdatasync })
  syncBuiltinESMExports()
}

/** A disk that takes no more bytes of recordings for as long as the test says; what is noted beside them is written in place. */
export const fullDisk = Effect.acquireRelease(
  Effect.sync(() => {
    const { writev, fdatasync } = fs
    const disk = {
      full: false,
      /** The size of the file that was made durable last. */
      durableBytes: 0,
    }
    const fullable = (...all: Parameters<WriteV>): void => {
      if (disk.full) setImmediate(all.at(-1) as (error: NodeJS.ErrnoException) => void, noSpace)
      else writev(...all)
    }
    const noted = (fd: number, done: fs.NoParamCallback): void => {
      const { size } = fs.fstatSync(fd)
      fdatasync(fd, (error) => {
        if (error === null) disk.durableBytes = size
        done(error)
      })
    }
    install(
      Object.assign(fullable as WriteV, { __promisify__: writev.__promisify__ }),
      Object.assign(noted, { __promisify__: fdatasync.__promisify__ }),
    )
    return { disk, writev, fdatasync }
  }),
  ({ writev, fdatasync }) => Effect.sync(() => install(writev, fdatasync)),
).pipe(Effect.map(({ disk }) => disk))
