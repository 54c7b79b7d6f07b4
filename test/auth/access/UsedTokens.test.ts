import { statSync } from "node:fs"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, TestClock } from "effect"
import { inject } from "vitest"
import { UsedTokens } from "../../../src/auth/access/UsedTokens.ts"
import { temporaryFolder, testEpochMs } from "../support/TestHub.ts"
import { databaseIn } from "../support/testDatabase.ts"

const hubIn = (folder: string) =>
  Layer.build(Layer.fresh(Layer.provideMerge(UsedTokens.layer, Layer.fresh(databaseIn(folder)))))

const token = (tokenId: string, expiresAtMs = testEpochMs + 360_000) => ({ subject: "node", tokenId, expiresAtMs })

it.scoped("remembers a token for a hub that is started anew, and for another beside it", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(testEpochMs)
    const folder = yield* temporaryFolder
    const using = Effect.map(hubIn(folder), (hub) => Context.get(hub, UsedTokens).use)
    expect(yield* Effect.scoped(Effect.flatMap(using, (use) => use(token("a"))))).toBe(true)
    // Neither ends before the other begins: what one has used is nowhere in its memory alone.
    const [use, useBeside] = [yield* using, yield* using]
    expect(yield* use(token("a"))).toBe(false)
    expect(yield* use({ ...token("a"), subject: "another" })).toBe(true)
    expect(yield* use(token("b"))).toBe(true)
    expect(yield* useBeside(token("b"))).toBe(false)
    if (inject("postgres") === undefined) {
      expect(statSync(join(folder, "used-tokens.db")).mode & 0o777).toBe(0o600)
    }
  }),
)

it.scoped("forgets what nobody takes any more, not all at once", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(testEpochMs)
    const hub = yield* hubIn(yield* temporaryFolder)
    const [used, sql] = [Context.get(hub, UsedTokens), Context.get(hub, SqlClient.SqlClient)]
    const rows = Array.from({ length: 7_000 }, (_, index) => ({
      subject: "node",
      token_id: `${index}`,
      until_ms: testEpochMs + 360_000,
    }))
    yield* Effect.forEach(
      [0, 3_500],
      (from) => sql`INSERT INTO used_tokens ${sql.insert(rows.slice(from, from + 3_500))}`,
    )
    const count = Effect.map(sql<{ n: number | string }>`SELECT COUNT(*) AS n FROM used_tokens`, ([row]) =>
      Number(row?.n),
    )
    yield* TestClock.adjust("359 seconds")
    expect(yield* used.use(token("0"))).toBe(false)
    yield* TestClock.adjust(Duration.minutes(3))
    const later = { expiresAtMs: testEpochMs + 900_000 }
    yield* used.use({ ...token("later"), ...later })
    expect(yield* count).toBe(2_001)
    yield* TestClock.adjust("1 second")
    yield* used.use({ ...token("last"), ...later })
    expect(yield* count).toBe(2)
  }),
)

it.scoped("is used once also where it can't be written down, as far as there is room in memory", () =>
  Effect.gen(function* () {
    if (inject("postgres") !== undefined) return
    yield* TestClock.setTime(testEpochMs)
    const hub = yield* hubIn(yield* temporaryFolder)
    const [{ use }, sql] = [Context.get(hub, UsedTokens), Context.get(hub, SqlClient.SqlClient)]
    yield* sql`ALTER TABLE used_tokens RENAME TO lost`
    expect(yield* use(token("a"))).toBe(true)
    expect(yield* use(token("a"))).toBe(false)
    yield* sql`ALTER TABLE lost RENAME TO used_tokens`
    expect(yield* use(token("a"))).toBe(false)
    expect(yield* use(token("b"))).toBe(true)
    yield* sql`ALTER TABLE used_tokens RENAME TO lost`
    yield* Effect.forEach(
      Array.from({ length: 19_999 }, (_, index) => token(`${index}`)),
      use,
      { discard: true },
    )
    expect(yield* Effect.flip(use(token("one too many")))).toMatchObject({ _tag: "SqlError" })
    yield* TestClock.adjust("10 minutes")
    expect(yield* use(token("later", testEpochMs + 900_000))).toBe(true)
    expect(yield* use(token("later", testEpochMs + 900_000))).toBe(false)
  }),
)
