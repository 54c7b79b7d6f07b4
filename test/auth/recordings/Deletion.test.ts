import * as fs from "node:fs"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { describe, expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Chunk, Effect, Layer, Option, Schedule, Stream } from "effect"
import { everySession } from "../../../src/auth/access/SessionScope.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { RecordingWork } from "../../../src/auth/ingest/RecordingWork.ts"
import { LegalHold } from "../../../src/auth/recordings/LegalHold.ts"
import { RecordingDeletion } from "../../../src/auth/recordings/RecordingDeletion.ts"
import { Recordings } from "../../../src/auth/recordings/Recordings.ts"
import * as Retention from "../../../src/auth/recordings/Retention.ts"
import { RecordingStore } from "../../../src/auth/sessions/RecordingStore.ts"
import { Settings } from "../../../src/auth/settings/Settings.ts"
import * as Filesystem from "../../../src/auth/storage/Filesystem.ts"
import { RecordingStorage, StorageFailed } from "../../../src/auth/storage/RecordingStorage.ts"
import type { AuditEventType } from "../../../src/domain/AuditEvent.ts"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import type { SessionInfo } from "../../../src/domain/SessionInfo.ts"
import { masterKey, readAll } from "../../support/recordings.ts"
import { type IngestHub, ingestHub } from "../ingest/support/IngestHub.ts"
import { callAs } from "../ingest/support/TestCall.ts"
import {
  keysOf,
  partialPath,
  readProven,
  sessionsOf,
  storedPath,
  type TestSession,
} from "../ingest/support/TestSession.ts"
import { joined } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"

const day = 86_400_000
const often = Schedule.spaced("20 millis")

/** A storage that is away while `away` says so, and to which `onOpen` happens before a recording is opened. */
const unsteady = (folder: string) => {
  const state = { away: false, onOpen: Effect.void as Effect.Effect<void> }
  const layer = Layer.effect(
    RecordingStorage,
    Effect.map(RecordingStorage, (real) => ({
      ...real,
      open: (id) => Effect.zipRight(state.onOpen, real.open(id)),
      remove: (id) => (state.away ? new StorageFailed({ message: "away", away: true }) : real.remove(id)),
    })),
  ).pipe(Layer.provide(Filesystem.layer(join(folder, "recordings"))))
  return { state, layer }
}

const scene = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const storage = unsteady(folder)
  const hub = yield* ingestHub(folder, { key: masterKey, storage: storage.layer })
  const node = yield* hub.run(joined("web-1"))
  const session = yield* hub.run(sessionsOf("alice"))
  const bring = Effect.fnUntraced(function* (about: Partial<SessionInfo> = {}) {
    const one = session(about, 4)
    const call = yield* callAs(hub.port, node)
    call.send(one.header, ...one.frames, one.end)
    expect((yield* call.over).code).toBe(status.OK)
    return { one, call, id: SessionId.make(one.info.sessionId) }
  }, Effect.scoped)
  /** A session that runs. */
  const open = Effect.fnUntraced(function* () {
    const one = session()
    const call = yield* callAs(hub.port, node)
    call.send(one.header)
    yield* call.until(({ opened }) => opened === 1)
    return SessionId.make(one.info.sessionId)
  })
  return { folder, storage: storage.state, hub, bring, open }
})

const events = (hub: IngestHub, type: AuditEventType) =>
  hub.run(
    Effect.flatMap(AuditLog, (audit) =>
      Stream.runCollect(audit.list({ type, user: null, sessionId: null, node: null, sinceMs: null, limit: null })),
    ).pipe(Effect.map(Chunk.toReadonlyArray)),
  )

const list = (hub: IngestHub) =>
  hub.run(
    Effect.flatMap(Recordings, (recordings) =>
      Effect.map(
        Stream.runCollect(recordings.list({ scope: everySession, pending: false, held: false })),
        Chunk.toReadonlyArray,
      ),
    ),
  )

const remove = (hub: IngestHub, id: SessionId, reason = "") =>
  hub.run(Effect.flatMap(RecordingDeletion, (deletion) => deletion.remove(id, "admin", reason)))

const read = (hub: IngestHub, { info }: TestSession) =>
  hub.run(Effect.flatMap(RecordingStore, (store) => Stream.runDrain(store.read(info.sessionId, { sealed: false }))))

describe("a deleted recording", () => {
  it.scopedLive("leaves a receipt and nothing that can be read, also not for who has a copy and the key", () =>
    Effect.gen(function* () {
      const { folder, hub, bring } = yield* scene
      const { one, call, id } = yield* bring()
      const { one: other } = yield* bring()
      const copy = fs.readFileSync(storedPath(hub, one))
      const keys = yield* keysOf(hub, one, masterKey)
      expect(readProven(hub, copy, keys).shown).toBe(one.shown)
      const row = Option.getOrThrow(yield* hub.run(Effect.flatMap(Recordings, (recordings) => recordings.get(id))))
      expect(row.share).toMatch(/^[0-9a-f]{64}$/)
      yield* remove(hub, id, "asked by alice")
      expect(yield* events(hub, "session.recording.delete")).toMatchObject([
        {
          user: "admin",
          session_id: id,
          node: "web-1",
          detail: {
            session_user: "alice",
            digest: call.stored?.digest,
            bytes: copy.length,
            reason: "asked by alice",
            shredded: true,
          },
        },
      ])
      expect(fs.existsSync(storedPath(hub, one))).toBe(false)
      const { error } = readAll(copy, { keys: yield* keysOf(hub, one, masterKey) })
      expect(error).toMatchObject({ kind: "UnknownKey" })
      // Nor is the share to be found in what the database left on the disk.
      for (const name of fs.readdirSync(folder).filter((file) => file.startsWith("hub.db"))) {
        expect([name, fs.readFileSync(join(folder, name)).includes(row.share ?? "")]).toEqual([name, false])
      }
      expect(yield* Effect.flip(read(hub, one))).toMatchObject({
        _tag: "NotFound",
        message: `the recording of session ${id} was deleted`,
      })
      yield* remove(hub, id)
      expect((yield* events(hub, "session.recording.delete")).length).toBe(1)
      yield* read(hub, other)
    }),
  )

  it.scopedLive("does not claim to have destroyed a key that its file was not encrypted with", () =>
    Effect.gen(function* () {
      const { hub, open } = yield* scene
      const id = yield* open()
      const { begun } = yield* hub.run(Recordings)
      expect(Option.isSome(yield* begun(id, true))).toBe(true)
      // Begun anew by a hub whose key was taken away.
      expect(yield* begun(id, false)).toEqual(Option.none())
    }),
  )

  it.scopedLive("does not come back with its agent, who may drop its copy", () =>
    Effect.gen(function* () {
      const { hub, bring } = yield* scene
      const { one, id } = yield* bring()
      yield* remove(hub, id)
      const again = yield* bring(one.info)
      expect([again.call.opened, again.call.stored !== undefined]).toEqual([undefined, true])
      expect(fs.existsSync(storedPath(hub, one))).toBe(false)
    }),
  )

  it.scopedLive("does not come back either where it is deleted while the hub fetches it to be completed", () =>
    Effect.gen(function* () {
      const { storage, hub, bring } = yield* scene
      const { one, id } = yield* bring()
      storage.onOpen = Effect.orDie(remove(hub, id, "meanwhile"))
      const { resume } = yield* hub.run(RecordingWork)
      expect(yield* Effect.flip(Effect.scoped(resume(id)))).toMatchObject({ _tag: "StorageFailed" })
      expect(yield* list(hub)).toMatchObject([{ state: "deleted", deleted_by: "admin" }])
      expect([fs.existsSync(storedPath(hub, one)), fs.existsSync(partialPath(hub, one))]).toEqual([false, false])
      expect(yield* events(hub, "session.recording.delete")).toMatchObject([{ detail: { reason: "meanwhile" } }])
      expect((yield* bring(one.info)).call.stored).toBeDefined()
    }),
  )

  it.scopedLive("is unreadable at once and removed later where the storage is away", () =>
    Effect.gen(function* () {
      const { storage, hub, bring } = yield* scene
      const { one, id } = yield* bring()
      storage.away = true
      expect(yield* Effect.flip(remove(hub, id, "now"))).toMatchObject({ _tag: "Unavailable" })
      expect(
        readAll(fs.readFileSync(storedPath(hub, one)), { keys: yield* keysOf(hub, one, masterKey) }).error?.kind,
      ).toBe("UnknownKey")
      expect(yield* events(hub, "session.recording.delete")).toEqual([])
      expect(yield* list(hub)).toMatchObject([{ state: "deleting", deleted_by: "admin" }])
      storage.away = false
      yield* hub.run(Layer.build(Retention.layer("1 hour")))
      yield* list(hub).pipe(Effect.repeat({ schedule: often, until: ([listed]) => listed?.state === "deleted" }))
      expect(fs.existsSync(storedPath(hub, one))).toBe(false)
      expect(yield* events(hub, "session.recording.delete")).toMatchObject([
        { user: "admin", detail: { reason: "now" } },
      ])
    }),
  )
})

describe("a recording whose time is over", () => {
  it.scopedLive("is deleted by itself, with a receipt, but not while it is held", () =>
    Effect.gen(function* () {
      const { hub, bring } = yield* scene
      const [settings, holds, sql] = yield* hub.run(Effect.all([Settings, LegalHold, SqlClient.SqlClient]))
      const [held, old, young] = [yield* bring(), yield* bring(), yield* bring()]
      yield* holds.hold(held.id, "case 7", "carol")
      expect(yield* Effect.flip(remove(hub, held.id))).toMatchObject({ _tag: "Conflict", message: /is held: release/ })
      expect(yield* Effect.flip(holds.hold(held.id, "", "dave"))).toMatchObject({ _tag: "Conflict" })
      expect(yield* Effect.flip(holds.release(old.id, "dave"))).toMatchObject({ _tag: "Conflict" })
      const ended = Date.now() - 91 * day
      yield* sql`UPDATE sessions SET ended_ms = ${ended} WHERE session_id <> ${young.id}`
      yield* hub.run(Layer.build(Retention.layer("20 millis")))
      yield* settings.set("recording_retention", "90d", "admin")
      const states = Effect.map(list(hub), (all) => new Map(all.map((one) => [one.session_id, one] as const)))
      const gone = (id: SessionId) =>
        states.pipe(
          Effect.repeat({ schedule: often, until: (all) => all.get(id)?.state === "deleted" }),
          Effect.zipRight(states),
        )
      const after = yield* gone(old.id)
      expect(after.get(old.id)).toMatchObject({ deleted_by: null, held_by: null, expires_at: null })
      expect(after.get(held.id)).toMatchObject({
        state: "stored",
        held_by: "carol",
        hold_reason: "case 7",
        expires_at: null,
      })
      expect(Date.parse(after.get(young.id)?.expires_at ?? "")).toBeGreaterThan(Date.now() + 89 * day)
      expect(yield* events(hub, "session.recording.delete")).toMatchObject([
        { user: null, session_id: old.id, detail: { reason: "recording_retention 90d", shredded: true } },
      ])
      yield* holds.release(held.id, "carol")
      expect((yield* gone(held.id)).get(young.id)).toMatchObject({ state: "stored" })
      expect(
        readProven(hub, fs.readFileSync(storedPath(hub, young.one)), yield* keysOf(hub, young.one, masterKey)).shown,
      ).toBe(young.one.shown)
      expect(yield* events(hub, "session.recording.hold")).toMatchObject([
        { user: "carol", detail: { reason: "case 7" } },
      ])
      expect(yield* events(hub, "session.recording.release")).toMatchObject([{ user: "carol", session_id: held.id }])
      expect(yield* hub.run(Effect.flatMap(AuditLog, ({ verify }) => verify()))).toMatchObject({ problem: null })
    }),
  )

  it.scopedLive("cannot be deleted while it grows, nor held when it is gone", () =>
    Effect.gen(function* () {
      const { hub, bring, open } = yield* scene
      const growing = yield* open()
      expect(yield* Effect.flip(remove(hub, growing))).toMatchObject({
        _tag: "Conflict",
        message: /still being recorded/,
      })
      const { id } = yield* bring()
      yield* remove(hub, id)
      const holds = yield* hub.run(LegalHold)
      expect(yield* Effect.flip(holds.hold(id, "", "carol"))).toMatchObject({
        _tag: "Conflict",
        message: /was deleted/,
      })
    }),
  )
})
