import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option, Schedule, Stream } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import type { AuditEvent } from "../../../src/domain/AuditEvent.ts"
import { HubReturn } from "../../../src/node/hub/HubReturn.ts"
import type { IngestHub } from "../../auth/ingest/support/IngestHub.ts"
import { readStored, type TestSession } from "../../auth/ingest/support/TestSession.ts"
import { eventually, run, scene } from "../spool/support/AgentScene.ts"

const rowOf = (hub: IngestHub, { info }: TestSession) =>
  hub
    .run(Effect.flatMap(Sessions, (sessions) => sessions.get(info.sessionId)))
    .pipe(Effect.map(Option.getOrUndefined), Effect.orDie)

type Row = Effect.Effect.Success<ReturnType<typeof rowOf>>

/** Waits until the hub knows of the session what the test wants to see, and gives it. */
const known = (hub: IngestHub, session: TestSession, isSo: (row: NonNullable<Row>) => boolean) =>
  rowOf(hub, session).pipe(
    Effect.filterOrFail(
      (row): row is NonNullable<Row> => row !== undefined && isSo(row),
      (row) => `never: ${isSo}; ${JSON.stringify(row)}`,
    ),
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(1000))),
    Effect.orDie,
  )

const events = (hub: IngestHub, { info }: TestSession, type: AuditEvent["type"]) =>
  hub
    .run(
      Effect.flatMap(AuditLog, (audit) =>
        Stream.runCollect(
          audit.list({ type, user: null, sessionId: info.sessionId, node: null, sinceMs: null, limit: null }),
        ),
      ),
    )
    .pipe(Effect.map((found) => Array.from(found)))

/** Waits until its recording, which comes to its place after its end, was put there so many times; gives the last one. */
const stored = (hub: IngestHub, session: TestSession, times = 1) =>
  events(hub, session, "session.recording.stored").pipe(
    Effect.filterOrFail(
      (all) => all.length === times,
      (all) => `never stored ${times} times: ${JSON.stringify(all)}`,
    ),
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(1000))),
    Effect.map(([last]) => ({ ...last?.detail, ...readStored(hub, session) })),
  )

const isActive = ({ status }: { readonly status: string }) => status === "active"
const isOver = ({ status }: { readonly status: string }) => status !== "active"

describe.each(["node", "off"] as const)("a session in mode %s", (mode) => {
  it.scopedLive("is known to the hub while it runs, and told to begin and to end once", () =>
    Effect.gen(function* () {
      const { hub, session, start } = yield* scene()
      const services = yield* start
      const one = session({ mode })
      const { client, terminal, fiber } = yield* Effect.provide(run(one), services)
      terminal.prints("$ ")
      yield* eventually(() => client.seen.length === 1)
      expect(yield* known(hub, one, isActive)).toMatchObject({ mode, ended_ms: null, recording_digest: null })
      expect(yield* events(hub, one, "session.start")).toHaveLength(1)
      terminal.ends(3)
      expect(yield* fiber).toMatchObject({ right: { exit: { code: 3 } } })
      expect(yield* known(hub, one, isOver)).toMatchObject({
        status: mode === "off" ? "unrecorded" : "completed",
        exit_code: 3,
        started_ms: one.info.startedAtMs,
      })
      if (mode === "node") expect((yield* stored(hub, one)).shown).toBe("$ ")
      for (const type of ["session.start", "session.end"] as const) {
        expect(yield* events(hub, one, type)).toHaveLength(1)
      }
    }),
  )

  it.scopedLive("begins at once without a hub, which learns of it when it is back", () =>
    Effect.gen(function* () {
      const { hub, session, start, network } = yield* scene()
      const services = yield* start
      network.leadsTo(undefined)
      const startedAtMs = Date.now() - 30_000
      const one = session({ mode, startedAtMs })
      const { client, terminal, fiber } = yield* Effect.provide(run(one), services)
      terminal.prints("$ ")
      yield* eventually(() => client.seen.length === 1)
      expect(yield* rowOf(hub, one)).toBeUndefined()
      network.leadsTo(hub.port)
      yield* Effect.provide(
        Effect.flatMap(HubReturn, ({ happened }) => happened),
        services,
      )
      expect(yield* known(hub, one, isActive)).toMatchObject({ started_ms: startedAtMs })
      const [event] = yield* events(hub, one, "session.start")
      expect(event?.detail).toMatchObject({ started_at: new Date(startedAtMs).toISOString() })
      expect(Date.parse(event?.time ?? "")).toBeGreaterThan(startedAtMs + 20_000)
      terminal.ends(0)
      yield* fiber
      yield* known(hub, one, isOver)
      expect(yield* events(hub, one, "session.start")).toHaveLength(1)
    }),
  )

  it.scopedLive("is ended by the hub when its agent vanishes without a word, and completed when that is back", () =>
    Effect.gen(function* () {
      const { hub, session, start, network } = yield* scene({
        orphanAfter: Duration.millis(200),
        connections: { intervalMs: 300, deadAfterMs: 600 },
      })
      const services = yield* start
      const one = session({ mode })
      const { client, terminal, fiber } = yield* Effect.provide(run(one), services)
      terminal.prints("$ ")
      yield* eventually(() => client.seen.length === 1)
      yield* known(hub, one, isActive)
      network.leadsTo(undefined)
      network.stall()
      const lost = yield* known(hub, one, isOver)
      expect(lost).toMatchObject({ reason: "agent lost", status: mode === "off" ? "unrecorded" : "interrupted" })
      expect(Number(lost.ended_ms)).toBeGreaterThan(one.info.startedAtMs)
      const [ended] = yield* events(hub, one, "session.end")
      expect(ended?.detail).toMatchObject({ reason: "agent lost" })

      // It ran on all the while.
      network.cut()
      network.leadsTo(hub.port)
      expect(yield* known(hub, one, isActive)).toMatchObject({ ended_ms: null, reason: "" })
      terminal.prints("still here")
      yield* eventually(() => client.seen.length === 2)
      terminal.ends(0)
      yield* fiber
      expect(yield* known(hub, one, isOver)).toMatchObject({ exit_code: 0, reason: "" })
      if (mode === "node") {
        expect(yield* stored(hub, one, 2)).toMatchObject({
          completes: true,
          shown: "$ still here",
          end: { status: "completed" },
        })
      }
      for (const type of ["session.start", "session.end"] as const) {
        expect(yield* events(hub, one, type)).toHaveLength(1)
      }
    }),
  )

  it.scopedLive("is not believed to begin when it cannot have, and runs all the same", () =>
    Effect.gen(function* () {
      const { hub, session, start } = yield* scene()
      const services = yield* start
      const hour = 3_600_000
      const [early, late] = [Date.now() - 30 * 24 * hour, Date.now() + hour].map((at) =>
        session({ mode, startedAtMs: at }),
      )
      for (const one of [early, late]) {
        if (one === undefined) continue
        const { client, terminal, fiber } = yield* Effect.provide(run(one), services)
        terminal.prints("$ ")
        yield* eventually(() => client.seen.length === 1)
        terminal.ends(0)
        expect(yield* fiber).toMatchObject({ right: { status: "completed" } })
        expect(yield* rowOf(hub, one)).toBeUndefined()
      }
    }),
  )
})
