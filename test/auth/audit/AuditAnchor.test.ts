import * as fs from "node:fs"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Logger, LogLevel, Option, TestClock } from "effect"
import { AuditAnchor } from "../../../src/auth/audit/AuditAnchor.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { signHead } from "../../../src/auth/audit/SignedHead.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { layerTestDatabase, temporaryFolder } from "../support/TestHub.ts"

const layerLog = AuditLog.layer.pipe(
  Layer.provideMerge(ClusterKeys.layer(Option.none())),
  Layer.provideMerge(layerTestDatabase),
  Layer.merge(Logger.minimumLogLevel(LogLevel.None)),
)

const append = Effect.flatMap(AuditLog, (audit) => audit.append(auditEvent("exec")))

/** Lets the log be anchored, and gives what is known of it. */
const known = Effect.gen(function* () {
  const anchor = yield* AuditAnchor
  const turn = Effect.promise(() => new Promise((resume) => setImmediate(resume)))
  // The file is written outside the tests' time; then the next second is waited for.
  const rests = Effect.repeat(Effect.zipRight(turn, TestClock.sleeps()), { until: Chunk.isNonEmpty })
  yield* rests
  yield* TestClock.adjust("1 second")
  yield* rests
  return yield* anchor.known
})

/** Takes the end of the log away with its head, as whoever holds the keys can. */
const cutOff = (count: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [signer] = (yield* ClusterKeys).recordingKeys
    for (const name of ["audit_no_delete", "audit_head_forward"]) yield* sql.unsafe(`DROP TRIGGER IF EXISTS ${name}`)
    yield* sql`DELETE FROM audit_events WHERE seq > ${count}`
    const [row] = yield* sql<{ digest: string }>`SELECT digest FROM audit_events WHERE seq = ${count}`
    yield* sql`UPDATE audit_head SET ${sql.update({ ...signHead({ count, digest: row?.digest ?? "" }, signer) })}`
  })

it.scoped("keeps the head as the log grows, for its owner's eyes, and lets go of it for no log that lacks it", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "audit-head.json")
    const work = Effect.gen(function* () {
      const audit = yield* AuditLog
      expect(yield* known).toEqual(Option.none())
      yield* Effect.replicateEffect(append, 3)
      const three = yield* known
      expect(Option.getOrThrow(three).head).toMatchObject({ count: 3 })
      expect(fs.statSync(path).mode & 0o777).toBe(0o600)
      yield* append
      const four = Option.getOrThrow(yield* known)
      expect(four.head.count).toBe(4)
      expect(yield* audit.verify([four])).toMatchObject({ events: 4, problem: null })
      yield* cutOff(2)
      expect(Option.getOrThrow(yield* known)).toEqual(four)
      expect((yield* audit.verify([four])).problem).toBe(
        `the log has 2 events, and had 4 ${four.source}: the last ones were removed`,
      )
      yield* Effect.replicateEffect(append, 5)
      expect(Option.getOrThrow(yield* known)).toEqual(four)
      expect((yield* audit.verify([four])).problem).toContain(`another than it was ${four.source}`)
    })
    yield* Effect.provide(work, Layer.provideMerge(AuditAnchor.layer(path), layerLog))
    expect(JSON.parse(fs.readFileSync(path, "utf8"))).toMatchObject({ count: 4 })
  }),
)

it.scoped("believes no file that the cluster did not sign", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "audit-head.json")
    const work = Effect.gen(function* () {
      yield* append
      yield* known
      const kept = JSON.parse(fs.readFileSync(path, "utf8"))
      for (const text of [JSON.stringify({ ...kept, count: 0 }), "{}", "nonsense", ""]) {
        fs.writeFileSync(path, text)
        expect(yield* Effect.flip(known)).toMatchObject({ _tag: "AnchorDamaged" })
        expect(fs.readFileSync(path, "utf8")).toBe(text)
      }
    })
    yield* Effect.provide(work, Layer.provideMerge(AuditAnchor.layer(path), layerLog))
  }),
)
