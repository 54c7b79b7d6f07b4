import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Array as Arr, Chunk, Effect, Either, Layer, Option, Stream } from "effect"
import { type AuditFilter, AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import type { DetailFilter } from "../../../src/auth/audit/DetailFilter.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { layerTestDatabase } from "../support/TestHub.ts"

const layer = AuditLog.layer.pipe(
  Layer.provideMerge(ClusterKeys.layer(Option.none())),
  Layer.provideMerge(layerTestDatabase),
)
const everything: AuditFilter = { type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null }

/** More than are looked through at a time, twice. */
const total = 11_004

const programs = ["cat", "vi", 'a"b\\c\n', "Grüße"]

const filled = Effect.flatMap(AuditLog, (audit) =>
  audit.appendAll(
    Arr.makeBy(total, (index) =>
      auditEvent(index % 2 === 0 ? "session.command" : "session.disk", {
        user: index % 3 === 0 ? "alice" : "bob",
        detail: {
          // By chance what is looked for stands elsewhere too.
          ...(index % 5 === 0 ? { arguments: ['{"program":"cat","path":"/etc/x"}'] } : {}),
          ...(index % 1_000 < 4 ? { program: programs[index % 1_000], path: `/etc/${index}` } : { path: null }),
        },
      }),
    ),
  ),
)

const list = (about: DetailFilter, filter: Partial<AuditFilter> = {}) =>
  Effect.flatMap(AuditLog, (audit) =>
    Effect.map(Stream.runCollect(audit.list({ ...everything, ...filter }, about)), Chunk.toReadonlyArray),
  )

it.scoped("lists by program and path over all of a long log, whatever these are called", () =>
  Effect.gen(function* () {
    const newest = [...(yield* filled)].reverse()
    for (const program of programs) {
      const wanted = newest.filter(({ detail }) => detail.program === program)
      expect(wanted.length).toBe(12)
      expect(yield* list({ program, path: null })).toEqual(wanted)
      expect(yield* list({ program, path: null }, { limit: 3 })).toEqual(wanted.slice(0, 3))
      expect(yield* list({ program, path: null }, { user: "alice" })).toEqual(
        wanted.filter(({ user }) => user === "alice"),
      )
    }
    const under = (start: string) => newest.filter(({ detail }) => `${detail.path}`.startsWith(start))
    expect(yield* list({ program: null, path: "/etc/10*" })).toEqual(under("/etc/10"))
    expect(yield* list({ program: "vi", path: "/etc/5001" })).toEqual(
      newest.filter(({ detail }) => detail.path === "/etc/5001"),
    )
    expect(yield* list({ program: "nowhere", path: null })).toEqual([])
    expect(yield* list({ program: "cat", path: null }, { sinceMs: Date.parse(newest[0]?.time ?? "") + 1 })).toEqual([])
  }).pipe(Effect.provide(layer)),
)

it.scopedLive("keeps the hub from nothing else while it is listed or verified, also where nothing is found", () =>
  Effect.gen(function* () {
    yield* filled
    const turnsDuring = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
      Effect.gen(function* () {
        let turns = 0
        const timer = setInterval(() => {
          turns += 1
        }, 0)
        yield* effect
        clearInterval(timer)
        return turns
      })
    expect(yield* turnsDuring(list({ program: "nowhere", path: null }))).toBeGreaterThanOrEqual(2)
    expect(yield* turnsDuring(list({ program: null, path: null }))).toBeGreaterThanOrEqual(10)
    expect(yield* turnsDuring(Effect.flatMap(AuditLog, (audit) => audit.verify()))).toBeGreaterThanOrEqual(10)
  }).pipe(Effect.provide(layer)),
)

it.scoped("takes many events at once as it takes them one by one, all or none of them", () =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    const many = Arr.makeBy(1_203, (index) => auditEvent("exec", { detail: { index } }))
    yield* audit.append(auditEvent("scp"))
    const failed = sql.withTransaction(Effect.zipRight(audit.appendAll(many), Effect.fail("no")))
    expect(Either.isLeft(yield* Effect.either(failed))).toBe(true)
    expect(yield* audit.appendAll([])).toEqual([])
    const events = yield* audit.appendAll(many)
    yield* audit.append(auditEvent("sftp"))
    expect(events.map(({ detail }) => detail.index)).toEqual(many.map((_, index) => index))
    expect(yield* list({ program: null, path: null }, { type: "exec" })).toEqual([...events].reverse())
    expect(yield* audit.verify()).toMatchObject({ events: 1_205, problem: null })
  }).pipe(Effect.provide(layer)),
)
