import { randomUUID } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, LogLevel, Schedule, TestClock } from "effect"
import { Forbidden, Unavailable } from "../../../src/api/ApiError.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { AuditReports } from "../../../src/node/audit/AuditReports.ts"
import { HubCalls, type ReportBatch } from "../../../src/node/hub/HubCalls.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mezite-reports-"))),
  (made) => Effect.sync(() => rmSync(made, { recursive: true })),
)

/** A hub that takes, refuses or misses what it is told; a batch that it was told twice is stored once. */
class Hub {
  readonly batches = new Map<string, ReportBatch>()
  calls = 0
  /** Those that are open, and how many there were. */
  connections = 0
  opened = 0
  away = false
  /** Takes what it is told and is gone before it says so. */
  forgetful = false

  get paths(): ReadonlyArray<unknown> {
    return [...this.batches.values()].flatMap(({ events }) => events.map(({ detail }) => detail.path))
  }

  readonly reports = Effect.acquireRelease(
    Effect.sync(() => {
      this.connections += 1
      this.opened += 1
      return this.report
    }),
    () =>
      Effect.sync(() => {
        this.connections -= 1
      }),
  )

  readonly report = (batch: ReportBatch): Effect.Effect<void, Unavailable | Forbidden> =>
    Effect.suspend((): Effect.Effect<void, Unavailable | Forbidden> => {
      this.calls += 1
      if (this.away) return new Unavailable({ message: "away" })
      if (batch.events.some(({ detail }) => detail.path === "forbidden")) return new Forbidden({ message: "no" })
      this.batches.set(batch.id, batch)
      return this.forgetful ? new Unavailable({ message: "gone" }) : Effect.void
    })
}

/** An agent's life, from its start to its end. */
const life = <A, E>(
  hub: Hub,
  options: { readonly directory: string; readonly maxBytes?: number },
  act: (reports: AuditReports["Type"]) => Effect.Effect<A, E>,
) =>
  Effect.flatMap(AuditReports, act).pipe(
    Effect.provide(
      AuditReports.layer(options).pipe(
        Layer.provide(
          Layer.succeed(HubCalls, {
            recordingSettings: Effect.die("asked"),
            register: () => Effect.die("registered"),
            reports: hub.reports,
          }),
        ),
      ),
    ),
    Logger.withMinimumLogLevel(LogLevel.None),
  )

const event = (path: string) => auditEvent("sftp", { user: "alice", detail: { path } })

const until = (condition: () => boolean) =>
  Effect.sync(condition).pipe(
    Effect.repeat({ until: (met) => met, schedule: Schedule.spaced("5 millis") }),
    Effect.timeout(Duration.seconds(10)),
  )

const kept = (at: string) => readdirSync(at).filter((name) => name.endsWith(".json"))

it.scopedLive("events wait for the hub across a restart, and arrive in order, once", () =>
  Effect.gen(function* () {
    const options = { directory: yield* directory }
    const hub = new Hub()
    hub.away = true
    yield* life(hub, options, ({ report }) =>
      Effect.forEach(["1", "2", "3"], (path) => report(event(path))).pipe(Effect.zipRight(until(() => hub.calls > 0))),
    )
    expect(kept(options.directory).length).toBeGreaterThan(0)
    for (const name of kept(options.directory)) {
      expect(statSync(join(options.directory, name)).mode & 0o777).toBe(0o600)
    }
    hub.away = false
    hub.forgetful = true
    yield* life(hub, options, ({ report, wake }) =>
      Effect.gen(function* () {
        yield* until(() => hub.paths.length > 0)
        const { delivered } = yield* report(event("4"))
        hub.forgetful = false
        yield* wake
        yield* delivered
      }),
    )
    expect(hub.paths).toEqual(["1", "2", "3", "4"])
    expect([...hub.batches.values()][0]?.events[0]?.detail.occurred_at).toMatch(/^20\d\d-.*Z$/)
    expect(kept(options.directory)).toEqual([])
  }),
)

it.scopedLive("what the hub refuses, or is damaged, is set aside and holds nothing up", () =>
  Effect.gen(function* () {
    const options = { directory: yield* directory }
    const hub = new Hub()
    mkdirSync(join(options.directory, "rejected"))
    const damaged = `${"0".repeat(15)}-00000001.6f6c2c2e-0000-4000-8000-000000000000.json`
    writeFileSync(join(options.directory, damaged), '[{"type":"sf')
    yield* life(hub, options, ({ report }) =>
      Effect.gen(function* () {
        yield* Effect.flatMap(report(event("forbidden")), ({ delivered }) => delivered)
        yield* Effect.flatMap(report(event("good")), ({ delivered }) => delivered)
      }),
    )
    expect(hub.paths).toEqual(["good"])
    expect(kept(options.directory)).toEqual([])
    expect(kept(join(options.directory, "rejected"))).toHaveLength(2)
  }),
)

it.scopedLive("refuses more than may wait, and what cannot be written", () =>
  Effect.gen(function* () {
    const options = { directory: yield* directory, maxBytes: 1000 }
    const hub = new Hub()
    hub.away = true
    yield* life(hub, options, ({ report }) =>
      Effect.gen(function* () {
        yield* report(event("x".repeat(1000)))
        const full = yield* Effect.flip(report(event("one more")))
        expect(full.message).toContain("audit events wait for the hub")
      }),
    )
    yield* life(hub, { directory: options.directory }, ({ report }) =>
      Effect.gen(function* () {
        yield* Effect.sync(() => rmSync(options.directory, { recursive: true }))
        yield* Effect.sync(() => writeFileSync(options.directory, "no directory"))
        expect((yield* Effect.flip(report(event("lost")))).message).toContain("cannot be kept")
        yield* Effect.sync(() => rmSync(options.directory))
        yield* Effect.sync(() => mkdirSync(options.directory))
      }),
    )
  }),
)

it.scopedLive("an event that is too long for the hub is refused at once, and takes no other with it", () =>
  Effect.gen(function* () {
    const options = { directory: yield* directory }
    const hub = new Hub()
    yield* life(hub, options, ({ report }) =>
      Effect.gen(function* () {
        const [long, short] = yield* Effect.all(
          [Effect.either(report(event("x".repeat(17_000)))), report(event("1"))],
          {
            concurrency: "unbounded",
          },
        )
        expect(long).toMatchObject({ _tag: "Left", left: { message: expect.stringContaining("too long") } })
        yield* short.delivered
      }),
    )
    expect(hub.paths).toEqual(["1"])
    expect(kept(join(options.directory, "rejected"))).toEqual([])
  }),
)

it.scopedLive("what somebody left to be told is told by the next life, once, and not where the end was seen", () =>
  Effect.gen(function* () {
    const options = { directory: yield* directory }
    const hub = new Hub()
    const wills = join(options.directory, "wills")
    let killed: ReadonlyMap<string, string> = new Map()
    yield* life(hub, options, ({ will }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { change } = yield* will([event("nothing")])
          yield* will([event("seen")]).pipe(Effect.scoped)
          yield* change([event("half"), event("end")])
          killed = new Map(readdirSync(wills).map((name) => [name, readFileSync(join(wills, name), "utf8")]))
        }),
      ),
    )
    expect(readdirSync(wills)).toEqual([])
    const die = () => {
      for (const [name, content] of killed) writeFileSync(join(wills, name), content)
    }
    // Killed once more after the events were made reports, and before the wills were gone.
    for (const _ of [1, 2]) {
      die()
      yield* life(hub, options, () => until(() => hub.calls > 0 && kept(options.directory).length === 0))
    }
    expect(hub.paths).toEqual(["half", "end"])
    const occurred = [...hub.batches.values()][0]?.events.map(({ detail }) => typeof detail.occurred_at)
    expect(occurred).toEqual(["string", "string"])
    expect(readdirSync(wills)).toEqual([])
    writeFileSync(join(wills, `${randomUUID()}.json`), "[")
    writeFileSync(join(wills, `${randomUUID()}.json.tmp`), "[]")
    yield* life(hub, options, ({ report }) => Effect.flatMap(report(event("1")), ({ delivered }) => delivered))
    expect(hub.paths).toEqual(["half", "end", "1"])
    expect(readdirSync(wills)).toEqual([expect.stringMatching(/\.json\.damaged$/)])
  }),
)

it.scoped("what comes one by one goes to the hub on one connection, which does not outlive it by long", () =>
  Effect.gen(function* () {
    const options = { directory: yield* directory }
    const hub = new Hub()
    yield* life(hub, options, ({ report }) =>
      Effect.gen(function* () {
        for (const path of ["1", "2", "3"]) yield* Effect.flatMap(report(event(path)), ({ delivered }) => delivered)
        expect([hub.opened, hub.connections]).toEqual([1, 1])
        yield* TestClock.adjust("5 seconds")
        expect(hub.connections).toBe(0)
        yield* Effect.flatMap(report(event("4")), ({ delivered }) => delivered)
        expect(hub.opened).toBe(2)
      }),
    )
    expect(hub.connections).toBe(0)
    expect(hub.paths).toEqual(["1", "2", "3", "4"])
  }),
)
