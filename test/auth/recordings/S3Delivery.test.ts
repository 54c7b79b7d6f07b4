import * as fs from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Duration, Effect, Layer, Option, Schedule, Stream } from "effect"
import { afterAll, beforeAll } from "vitest"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { RecordingDelivery } from "../../../src/auth/recordings/RecordingDelivery.ts"
import { Recordings } from "../../../src/auth/recordings/Recordings.ts"
import { RecordingStore } from "../../../src/auth/sessions/RecordingStore.ts"
import * as S3 from "../../../src/auth/storage/s3/S3.ts"
import { RadosGateway } from "../../support/RadosGateway.ts"
import { masterKey } from "../../support/recordings.ts"
import { type CrashPoint, type IngestHub, type IngestHubOptions, ingestHub } from "../ingest/support/IngestHub.ts"
import { callAs, type TestNode } from "../ingest/support/TestCall.ts"
import { keysOf, partialPath, readProven, sessionsOf, type TestSession } from "../ingest/support/TestSession.ts"
import { bucketName, faultyStore, inBucket, limits, s3Options } from "../storage/support/S3Store.ts"
import { joined } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"

let gateway: RadosGateway
beforeAll(async () => {
  gateway = await RadosGateway.start()
  await gateway.createBucket(bucketName)
})
afterAll(() => gateway?.stop())

const scene = Effect.fnUntraced(function* (options: IngestHubOptions = {}) {
  const folder = yield* temporaryFolder
  const store = yield* faultyStore(gateway)
  const start = (more: IngestHubOptions = {}) =>
    ingestHub(folder, {
      ...options,
      ...more,
      storage: Layer.fresh(S3.layer(s3Options(gateway, store.endpoint), limits)),
    })
  return { store, start }
})

/** One call of an agent that has all of a session: what the hub says at its end. */
const ask = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, session: TestSession) {
  const call = yield* callAs(hub.port, node)
  call.send(session.header)
  yield* call.until(({ opened, stored, kept, status }) =>
    [opened, stored, kept, status].some((one) => one !== undefined),
  )
  if (call.opened !== undefined) call.send(...session.frames.slice(call.opened - 1), session.end)
  expect((yield* call.over).code).toBe(status.OK)
  return call
}, Effect.scoped)

const patiently = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(400))

/** Comes again, as an agent does that the hub tells that it keeps the recording. */
const askUntilStored = (hub: IngestHub, node: TestNode, session: TestSession) =>
  ask(hub, node, session).pipe(
    Effect.flatMap(({ stored }) => Effect.fromNullable(stored)),
    Effect.retry(patiently),
    Effect.orDie,
  )

const delivery = (hub: IngestHub) => hub.run(Effect.flatMap(RecordingDelivery, ({ state }) => state))

const events = (hub: IngestHub, { info }: TestSession) =>
  hub.run(
    Effect.flatMap(AuditLog, (audit) =>
      Stream.runCollect(
        audit.list({ type: null, user: null, sessionId: info.sessionId, node: null, sinceMs: null, limit: null }),
      ),
    ).pipe(Effect.map((found) => Array.from(found, ({ type }) => type).toReversed())),
  )

/** The only object of the session, which must be whole. */
const object = Effect.fnUntraced(function* (hub: IngestHub, session: TestSession) {
  const { objects, uploads } = yield* inBucket(gateway, session.info.sessionId)
  expect([objects.length, uploads]).toEqual([1, 0])
  return readProven(hub, objects[0]?.[1] ?? Buffer.alloc(0), yield* keysOf(hub, session, masterKey))
})

const all = ["session.start", "session.end", "session.recording.stored"]

describe("a hub whose recordings go to S3", () => {
  it.scopedLive("keeps them while the store is away, says so, and stores each once when it is back", () =>
    Effect.gen(function* () {
      const { store, start } = yield* scene({ key: masterKey })
      store.away = true
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const hub = yield* start()
          const node = yield* hub.run(joined("web-1"))
          const session = yield* hub.run(sessionsOf("alice"))
          const sessions = [session({}, 5), session({}, 20, 30_000), session({}, 3)]
          const began = performance.now()
          for (const one of sessions) {
            const call = yield* ask(hub, node, one)
            expect([call.stored, call.kept?.bytes]).toEqual([undefined, fs.statSync(partialPath(hub, one)).size])
            expect((yield* ask(hub, node, one)).kept).toEqual(call.kept)
            expect(yield* events(hub, one)).toEqual(all.slice(0, 2))
          }
          // Nobody waits for the store again and again.
          expect(performance.now() - began).toBeLessThan(5000)
          const state = yield* delivery(hub).pipe(
            Effect.filterOrFail(({ away }) => away !== null),
            Effect.retry(patiently),
          )
          expect(state).toMatchObject({ waiting: 3, away: { trouble: /socket hang up|ECONNRESET/ }, stored: 0 })
          const one = sessions[0]?.info.sessionId ?? ""
          const [row, clear] = yield* hub.run(
            Effect.gen(function* () {
              const bytes = (yield* RecordingStore).read(one, { sealed: false })
              return [
                yield* (yield* Recordings).get(one),
                Buffer.concat([...(yield* Stream.runCollect(bytes))]),
              ] as const
            }),
          )
          expect(Option.getOrThrow(row)).toMatchObject({ state: "kept", trouble: /cannot be stored/ })
          expect(clear.includes(sessions[0]?.shown.slice(0, 20) ?? "")).toBe(true)
          return { node, sessions }
        }),
      )
      const { node, sessions } = first
      const hub = yield* start()
      store.away = false
      for (const one of sessions) {
        yield* askUntilStored(hub, node, one)
        expect((yield* object(hub, one)).shown).toBe(one.shown)
        expect(yield* events(hub, one)).toEqual(all)
        expect(fs.existsSync(partialPath(hub, one))).toBe(false)
      }
      expect(yield* delivery(hub)).toMatchObject({ waiting: 0, away: null, stored: 3 })
    }),
  )

  it.scopedLive("completes what it stored when its agent was lost, in the same place", () =>
    Effect.gen(function* () {
      const { start } = yield* scene({ key: masterKey, orphanAfter: Duration.millis(100) })
      const hub = yield* start()
      const node = yield* hub.run(joined("web-1"))
      const one = (yield* hub.run(sessionsOf("alice")))({}, 12, 30_000)
      const call = yield* callAs(hub.port, node)
      call.send(one.header, ...one.frames.slice(0, 6))
      yield* call.until(({ acked }) => acked === 6)
      hub.cut()
      yield* events(hub, one).pipe(
        Effect.filterOrFail((types) => types.length === 3),
        Effect.retry(patiently),
      )
      expect(yield* object(hub, one)).toMatchObject({ end: { status: "interrupted", frames: 6 } })
      yield* askUntilStored(hub, node, one)
      expect(yield* object(hub, one)).toMatchObject({ shown: one.shown, end: { status: "completed", frames: 12 } })
      expect(yield* events(hub, one)).toEqual([...all, "session.recording.stored"])
    }),
  )

  const points: ReadonlyArray<CrashPoint> = ["before put", "after put", "before stored", "after stored"]
  it.scopedLive("that is killed at any point has stored each once, and whole, when it is back", () =>
    Effect.gen(function* () {
      for (const crashAt of points) {
        const { start } = yield* scene({ key: masterKey })
        const { node, one } = yield* Effect.scoped(
          Effect.gen(function* () {
            const hub = yield* start({ crashAt })
            const node = yield* hub.run(joined("web-1"))
            const one = (yield* hub.run(sessionsOf("alice")))({}, 12, 30_000)
            expect((yield* ask(hub, node, one)).stored).toBeUndefined()
            yield* Effect.repeat(Effect.sleep("20 millis"), { until: hub.struck })
            return { node, one }
          }),
        )
        const hub = yield* start({ orphanAfter: Duration.millis(50) })
        yield* askUntilStored(hub, node, one)
        expect((yield* object(hub, one)).shown).toBe(one.shown)
        expect(yield* events(hub, one)).toEqual(all)
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => !fs.existsSync(partialPath(hub, one)) })
      }
    }),
  )
})
