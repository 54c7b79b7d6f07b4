import * as fs from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { PartialRecordings } from "../../../src/auth/ingest/PartialRecordings.ts"
import { LocalRecordings } from "../../../src/auth/storage/LocalRecordings.ts"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import { KeyRing, KeyShare, type MasterKey, RecordingVerifier, splitEntries } from "../../../src/recording/index.ts"
import { framesOf, masterKey, readAll, sessionInfo, signer } from "../../support/recordings.ts"
import { temporaryFolder } from "../support/TestHub.ts"
import { type TestSession, testSession } from "./support/TestSession.ts"

const sessionId = SessionId.make(sessionInfo.sessionId)
const short = testSession(sessionInfo, 6, 30)
const share = Option.some(KeyShare.random())
const lost = { durationMs: 0, status: "interrupted", reason: "agent lost" } as const

const partials = (folder: string, key: MasterKey | undefined) => {
  const keys = { signer, publicKeys: [signer.publicKey], keyRing: Redacted.make(new KeyRing(key)) }
  return PartialRecordings.layer(keys).pipe(Layer.provideMerge(LocalRecordings.layer(folder)))
}

/** The file of a hub that was killed before the session's end. */
const killedFile = (folder: string, key: MasterKey | undefined, session: TestSession) =>
  Effect.gen(function* () {
    const recording = yield* (yield* PartialRecordings).begin({ ...sessionInfo, sessionId }, share)
    for (const frame of session.frames) recording.accept(frame)
    yield* recording.flush
    const local = yield* LocalRecordings
    return { path: local.path(sessionId), bytes: fs.readFileSync(local.path(sessionId)) }
  }).pipe(Effect.scoped, Effect.provide(partials(folder, key)))

/** Where each entry of a recording ends, and how many frames are before that. */
const frameEnds = (bytes: Uint8Array) => {
  const magic = bytes.indexOf(10) + 1
  return Array.from(splitEntries(bytes.subarray(magic), magic)).map(({ kind, offset, bytes: entry }) => ({
    kind,
    end: offset + entry.length,
  }))
}

/** Goes on with what is in the file, sends the rest, and gives the number that was asked for and what came of it. */
const goOn = Effect.fnUntraced(function* (session: TestSession) {
  const resumed = yield* (yield* PartialRecordings).resume(sessionId, share)
  if (Option.isNone(resumed)) return undefined
  const { recording } = resumed.value
  const { nextSeq } = recording
  expect(recording.durableSeq).toBe(nextSeq - 1)
  for (const frame of session.frames.slice(nextSeq - 1)) recording.accept(frame)
  recording.accept(session.end)
  yield* recording.finish(lost)
  return nextSeq
}, Effect.scoped)

const whole = (path: string, key: MasterKey | undefined): string => {
  const bytes = fs.readFileSync(path)
  const verifier = new RecordingVerifier([signer.publicKey])
  verifier.push(bytes)
  expect(verifier.end()._tag).toBe("Whole")
  return framesOf(readAll(bytes, { keys: new KeyRing(key).withShare(Option.getOrUndefined(share)) }).items)
    .map(({ payload }) => Buffer.from(payload).toString())
    .join("")
}

describe("PartialRecordings", () => {
  for (const key of [undefined, masterKey]) {
    const form = key === undefined ? "in clear" : "encrypted"

    it.scopedLive(`goes on after a crash that tore the file, at every byte, ${form}`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { path, bytes } = yield* killedFile(folder, key, short)
        const ends = frameEnds(bytes)
        yield* Effect.gen(function* () {
          for (let cut = 0; cut <= bytes.length; cut += 1) {
            fs.writeFileSync(path, bytes.subarray(0, cut))
            const nextSeq = yield* goOn(short)
            const there = ends.filter(({ end }) => end <= cut)
            if (there.length === 0) {
              expect([cut, nextSeq, fs.existsSync(path)]).toEqual([cut, undefined, false])
              continue
            }
            expect([cut, nextSeq]).toEqual([cut, there.filter(({ kind }) => kind === "frame").length + 1])
            expect(whole(path, key)).toBe(short.shown)
          }
        }).pipe(Effect.provide(partials(folder, key)))
      }),
    )

    it.scopedLive(`believes nothing behind the last good seal of a file that was changed, ${form}`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const long = testSession(sessionInfo, 4, 40_000)
        const { path, bytes } = yield* killedFile(folder, key, long)
        const entries = frameEnds(bytes)
        const seal = entries.findLastIndex(({ kind }) => kind === "seal")
        const proven = entries.slice(0, seal).filter(({ kind }) => kind === "frame").length
        expect([proven, entries.filter(({ kind }) => kind === "frame").length]).toEqual([3, 4])
        fs.writeFileSync(path, Buffer.concat([bytes, Buffer.from([0xff, 0xff, 0xff])]))
        expect(yield* Effect.provide(goOn(long), partials(folder, key))).toBe(proven + 1)
        expect(whole(path, key)).toBe(long.shown)
      }),
    )
  }

  it.scopedLive("does not go on with a recording whose key it does not have, nor touch it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { path, bytes } = yield* killedFile(folder, masterKey, short)
      const error = yield* Effect.flip(Effect.provide(goOn(short), partials(folder, undefined)))
      expect(error.message).toContain(masterKey.id)
      expect(fs.readFileSync(path).equals(bytes)).toBe(true)
    }),
  )
})
