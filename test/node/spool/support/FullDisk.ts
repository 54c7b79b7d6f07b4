import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { Effect } from "effect"

type WriteV = typeof fs.writevSync
type Sync = typeof fs.fdatasync

const noSpace = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })

/** Puts stand-ins in the place of what recordings are written with. */
const install = (writevSync: WriteV, fdatasync: Sync): void => {
  Object.assign(fs, { writevSync, fdatasync })
  syncBuiltinESMExports()
}

/** A disk that takes no more bytes of recordings for as long as the test says; what is noted beside them is written in place. */
export const fullDisk = Effect.acquireRelease(
  Effect.sync(() => {
    const { writevSync, fdatasync } = fs
    const disk = {
      full: false,
      /** The size of the file that was made durable last. */
      durableBytes: 0,
    }
    const fullable: WriteV = (...all) => {
      if (disk.full) throw noSpace
      return writevSync(...all)
    }
    const noted = (fd: number, done: fs.NoParamCallback): void => {
      const { size } = fs.fstatSync(fd)
      fdatasync(fd, (error) => {
        if (error === null) disk.durableBytes = size
        done(error)
      })
    }
    install(fullable, Object.assign(noted, { __promisify__: fdatasync.__promisify__ }))
    return { disk, writevSync, fdatasync }
  }),
  ({ writevSync, fdatasync }) => Effect.sync(() => install(writevSync, fdatasync)),
).pipe(Effect.map(({ disk }) => disk))
