import { describe, expect, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { checkNew } from "../../../src/auth/ingest/checkNew.ts"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import { sessionInfo } from "../support/Fixtures.ts"

const now = 1_700_000_000_000
const tenMinutes = 600_000

const verdict = (mode: "node-sync" | "node" | "off", startedAtMs: number, userExists = true) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const info = sessionInfo({ mode, startedAtMs })
    const checked = checkNew({ ...info, sessionId: SessionId.make(info.sessionId) }, () => Effect.succeed(userExists))
    return yield* Effect.match(checked, { onSuccess: () => "taken", onFailure: ({ reason }) => reason })
  })

describe("a session that the hub has never heard of", () => {
  it.effect("begins now, where it is live", () =>
    Effect.gen(function* () {
      expect(yield* verdict("node-sync", now - tenMinutes)).toBe("taken")
      expect(yield* verdict("node-sync", now + tenMinutes)).toBe("taken")
      expect(yield* verdict("node-sync", now - tenMinutes - 1)).toBe("denied")
      expect(yield* verdict("node-sync", now + tenMinutes + 1)).toBe("denied")
      expect(yield* verdict("node-sync", now, false)).toBe("denied")
    }),
  )

  it.effect("may be old where it is uploaded after the fact, and its user gone, but has to have begun", () =>
    Effect.gen(function* () {
      for (const mode of ["node", "off"] as const) {
        expect(yield* verdict(mode, now - 1000 * tenMinutes, false)).toBe("taken")
        expect(yield* verdict(mode, now + tenMinutes)).toBe("taken")
        expect(yield* verdict(mode, now + tenMinutes + 1)).toBe("unavailable")
      }
    }),
  )
})
