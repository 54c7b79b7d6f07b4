import * as fs from "node:fs"
import { Effect } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { FileFailed } from "../../session/FileFailed.ts"
import { unnoted } from "./SpoolState.ts"
import { readSpoolState, writeSpoolState } from "./SpoolStateFile.ts"
import { spoolPaths } from "./spoolPaths.ts"

const attempt = <A>(path: string, run: () => A) =>
  Effect.try({ try: run, catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException) })

/** Files are moved and written in place, so that they stay their owner's, and the state first: it tells what a file lacks. */
const putBack = Effect.fnUntraced(function* (paths: ReturnType<typeof spoolPaths>, sessionId: SessionId) {
  const aside = paths.setAside(sessionId)
  if (fs.existsSync(aside.state)) {
    const { tail } = yield* attempt(aside.state, () => readSpoolState(aside.state))
    yield* writeSpoolState(aside.state, { ...unnoted, tail }, { durable: true })
    yield* attempt(aside.state, () => fs.renameSync(aside.state, paths.state(sessionId)))
  }
  yield* attempt(aside.recording, () => fs.renameSync(aside.recording, paths.recording(sessionId)))
})

/**
 * Lets recordings that were set aside wait for the hub again, whether the agent runs or not: these, or all. Gives those that
 * do; one that was not set aside is not among them.
 */
export const retrySetAside = Effect.fn("Spool.retrySetAside")(function* (
  directory: string,
  wanted: ReadonlyArray<SessionId> | "all",
) {
  const paths = spoolPaths(directory)
  const aside = yield* attempt(directory, () => paths.recordings(paths.rejected))
  const found = aside.filter((sessionId) => wanted === "all" || wanted.includes(sessionId))
  yield* Effect.forEach(found, (sessionId) => putBack(paths, sessionId), { discard: true })
  return found
})
