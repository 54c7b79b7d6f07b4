import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import { Effect, Option } from "effect"
import { shareOf } from "../../../../src/auth/recordings/RecordingRow.ts"
import { Recordings } from "../../../../src/auth/recordings/Recordings.ts"
import type { SessionEnd } from "../../../../src/domain/SessionEnd.ts"
import type { SessionInfo } from "../../../../src/domain/SessionInfo.ts"
import {
  encodeEndEntry,
  encodeHeaderEntry,
  KeyRing,
  type MasterKey,
  type RecordingEnd,
  RecordingVerifier,
} from "../../../../src/recording/index.ts"
import { SessionRecorder } from "../../../../src/session/SessionRecorder.ts"
import { framesOf, readAll } from "../../../support/recordings.ts"
import { loggedIn, sessionInfo } from "../../support/Fixtures.ts"
import type { IngestHub } from "./IngestHub.ts"

const completed: SessionEnd = { durationMs: 5000, exit: { _tag: "Code", code: 3 }, status: "completed", reason: "" }

/** A session as an agent has it: its header, frames and End, ready to be sent. */
export interface TestSession {
  readonly info: SessionInfo
  readonly header: Uint8Array
  readonly frames: ReadonlyArray<Uint8Array>
  readonly end: Uint8Array
  /** What its End says, changed. */
  readonly endWith: (change: Partial<RecordingEnd>) => Uint8Array
  /** All that was shown. */
  readonly shown: string
}

export const testSession = (info: SessionInfo, count = 5, size = 20): TestSession => {
  let ms = 0
  const recorder = new SessionRecorder(() => {
    ms += 100
    return ms
  })
  const lines = Array.from({ length: count }, (_, index) =>
    // Nothing that could be compressed.
    `${index}:${randomBytes(size).toString("base64")}`.slice(0, size),
  )
  const frames = lines.map((line) => recorder.shown({ stream: "output", bytes: Buffer.from(line) }).entry)
  const end = recorder.end(completed)
  return {
    info,
    header: encodeHeaderEntry({ info, deflate: true }),
    frames,
    end: encodeEndEntry(end),
    endWith: (change) => encodeEndEntry({ ...end, ...change }),
    shown: lines.join(""),
  }
}

/** Sessions of a user who logged in, on the node web-1. */
export const sessionsOf = (name: string) =>
  Effect.map(loggedIn(name), ({ certificate }) => (about: Partial<SessionInfo> = {}, count?: number, size?: number) => {
    const userCertificate = Buffer.from(certificate, "base64")
    const info = sessionInfo({ user: name, startedAtMs: Date.now(), userCertificate, ...about })
    return testSession(info, count, size)
  })

export const storedPath = (hub: IngestHub, { info }: TestSession) => join(hub.recordings, `${info.sessionId}.rec`)
export const partialPath = (hub: IngestHub, { info }: TestSession) =>
  join(hub.recordings, "partial", `${info.sessionId}.rec`)

/** What the stored file proves and shows; throws where there is none, or its seals do not prove all of it. */
export const readStored = (hub: IngestHub, session: TestSession, keys?: KeyRing) =>
  readProven(hub, fs.readFileSync(storedPath(hub, session)), keys)

/** What a session's recording is read with: the master key, and the share that the hub keeps. */
export const keysOf = (hub: IngestHub, { info }: TestSession, key: MasterKey | undefined) =>
  hub
    .run(Effect.flatMap(Recordings, (recordings) => recordings.get(info.sessionId)))
    .pipe(Effect.map((row) => new KeyRing(key).withShare(Option.getOrUndefined(Option.flatMap(row, shareOf)))))

/** What a recording of that hub proves and shows; throws where its seals do not prove all of it. */
export const readProven = (hub: IngestHub, bytes: Buffer, keys: KeyRing = new KeyRing()) => {
  const verifier = new RecordingVerifier(hub.publicKeys)
  verifier.push(bytes)
  const verdict = verifier.end()
  if (verdict._tag !== "Whole") throw new Error(`the stored recording is not whole: ${verdict.problem.message}`)
  const { items, error } = readAll(bytes, { keys })
  if (error !== undefined) throw error
  const shown = framesOf(items)
    .map(({ payload }) => Buffer.from(payload).toString())
    .join("")
  return { bytes, end: verdict.end, shown }
}
