import * as fs from "node:fs"
import { Array as Arr, Effect, Option } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { RecordingHeader } from "../../recording/Header.ts"
import { FileFailed } from "../../session/FileFailed.ts"
import { SpoolReader } from "./internal/SpoolReader.ts"
import type { SpoolState } from "./SpoolState.ts"
import { readSpoolState } from "./SpoolStateFile.ts"
import { spoolPaths } from "./spoolPaths.ts"

/** A recording on this machine's disk, and why it is there. Times are RFC 3339 in UTC. */
export interface SpoolEntry {
  readonly session_id: SessionId
  /** These are null where the file's header cannot be read. */
  readonly user: string | null
  readonly login: string | null
  readonly mode: SessionInfo["mode"] | null
  readonly started_at: string | null
  /** Names the hub's key that it is encrypted for; null where it is in clear, too. */
  readonly key_id: string | null
  readonly bytes: number
  readonly state: SpoolState["state"]
  /** Why it waits, or was set aside, and what it lacks; empty where there is nothing to say. */
  readonly reason: string
  /** Uploads that failed, one after the other. */
  readonly attempts: number
  readonly last_error: string | null
  readonly next_attempt_at: string | null
}

const headerBytes = 1024 * 1024

const headerOf = (path: string): Option.Option<RecordingHeader> => {
  const fd = fs.openSync(path, "r")
  try {
    const reader = new SpoolReader(null, "agent")
    const piece = Buffer.allocUnsafe(headerBytes)
    reader.push(piece.subarray(0, fs.readSync(fd, piece, 0, headerBytes, 0)))
    const first = Option.liftThrowable(() => reader.next())()
    return Option.flatMapNullable(first, (entry) => (entry?._tag === "Header" ? entry.header : undefined))
  } finally {
    fs.closeSync(fd)
  }
}

const reasonOf = (noted: SpoolState, state: SpoolState["state"], agentRuns: boolean): string => {
  const missing = noted.tail?.lost.frames ?? 0
  const lacks = missing === 0 ? [] : [`the disk did not take ${missing} frames: ${noted.tail?.lost.reason}`]
  if (state === "set_aside") return [noted.reason, ...lacks].join("; ")
  const waits = agentRuns || state === "running" ? [] : ["the agent does not run"]
  return [...waits, ...lacks].join("; ")
}

const entryOf = (
  sessionId: SessionId,
  files: { readonly recording: string; readonly state: string },
  about: { readonly agentRuns: boolean; readonly aside: boolean },
): SpoolEntry => {
  const { size } = fs.statSync(files.recording)
  const noted = readSpoolState(files.state)
  const header = Option.getOrNull(headerOf(files.recording))
  const info = header?.info ?? null
  const state = about.aside ? "set_aside" : about.agentRuns && noted.state !== "set_aside" ? noted.state : "waiting"
  return {
    session_id: sessionId,
    user: info?.user ?? null,
    login: info?.login ?? null,
    mode: info?.mode ?? null,
    started_at: info === null ? null : new Date(info.startedAtMs).toISOString(),
    key_id: header?.encryption?.keyId ?? null,
    bytes: size,
    state,
    reason: reasonOf(noted, state, about.agentRuns),
    attempts: noted.attempts,
    last_error: noted.last_error,
    next_attempt_at: state === "waiting" && about.agentRuns ? noted.next_attempt_at : null,
  }
}

/** None where the hub has confirmed it meanwhile, and it is gone. */
const unlessGone = (entry: () => SpoolEntry): Option.Option<SpoolEntry> => {
  try {
    return Option.some(entry())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Option.none()
    throw error
  }
}

/** What is in a spool, the oldest session first; it may be in use. `agentRuns`: else what is noted of the moment is stale. */
export const listSpool = (
  directory: string,
  { agentRuns }: { readonly agentRuns: boolean },
): Effect.Effect<ReadonlyArray<SpoolEntry>, FileFailed> =>
  Effect.try({
    try: () => {
      const paths = spoolPaths(directory)
      const inPlace = (id: SessionId) => ({ recording: paths.recording(id), state: paths.state(id) })
      const kept = paths.recordings().map((id) => () => entryOf(id, inPlace(id), { agentRuns, aside: false }))
      const aside = paths
        .recordings(paths.rejected)
        .map((id) => () => entryOf(id, paths.setAside(id), { agentRuns, aside: true }))
      return Arr.filterMap([...kept, ...aside], unlessGone).sort((one, other) =>
        (one.started_at ?? "").localeCompare(other.started_at ?? ""),
      )
    },
    catch: (error) => FileFailed.of(directory, error as NodeJS.ErrnoException),
  })
