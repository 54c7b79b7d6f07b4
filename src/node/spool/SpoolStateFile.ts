import * as fs from "node:fs"
import { Effect, Option } from "effect"
import { FileFailed } from "../../session/FileFailed.ts"
import { decodeSpoolState, encodeSpoolState, type SpoolState, stateBytes, unnoted } from "./SpoolState.ts"

const write = (path: string, state: SpoolState, durable: boolean): void => {
  const fd = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_CREAT, 0o600)
  try {
    fs.writeSync(fd, encodeSpoolState(state), 0, stateBytes, 0)
    if (durable) fs.fdatasyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** Reads what is noted at `path`; `unnoted` where there is nothing, or nothing that makes sense. */
export const readSpoolState = (path: string): SpoolState => {
  try {
    return Option.getOrElse(decodeSpoolState(fs.readFileSync(path)), () => unnoted)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return unnoted
    throw error
  }
}

/**
 * Notes a recording's state in the file `path`, 0600. The file keeps its size, so that what was noted once can be noted anew
 * on a disk that is full, where the file system writes in place. `durable`: it survives a loss of power.
 */
export const writeSpoolState = (
  path: string,
  state: SpoolState,
  { durable }: { readonly durable: boolean },
): Effect.Effect<void, FileFailed> =>
  Effect.try({
    try: () => write(path, state, durable),
    catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException),
  })
