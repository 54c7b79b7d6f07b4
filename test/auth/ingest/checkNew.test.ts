import { describe, expect, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { checkNew } from "../../../src/auth/ingest/checkNew.ts"
import { Login, NodeName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { type Lock, LockId, type LockTarget, lockOn } from "../../../src/domain/Lock.ts"
import { sessionInfo } from "../support/Fixtures.ts"

const now = 1_700_000_000_000
const tenMinutes = 600_000

const verdict = (
  mode: "node-sync" | "node" | "off",
  startedAtMs: number,
  { isUser = true, locked }: { readonly isUser?: boolean; readonly locked?: LockTarget } = {},
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const info = sessionInfo({ mode, startedAtMs })
    const locks: ReadonlyArray<Lock> =
      locked === undefined ? [] : [{ id: LockId.make("0".repeat(26)), target: locked, reason: "" }]
    const checked = checkNew(
      { ...info, sessionId: SessionId.make(info.sessionId) },
      { isUser: () => Effect.succeed(isUser), lockOn: (about) => Effect.succeed(lockOn(locks, about)) },
    )
    return yield* Effect.match(checked, { onSuccess: () => "taken", onFailure: ({ reason }) => reason })
  })

describe("a session that the hub has never heard of", () => {
  it.effect("begins now, where it is live", () =>
    Effect.gen(function* () {
      expect(yield* verdict("node-sync", now - tenMinutes)).toBe("taken")
      expect(yield* verdict("node-sync", now + tenMinutes)).toBe("taken")
      expect(yield* verdict("node-sync", now - tenMinutes - 1)).toBe("denied")
      expect(yield* verdict("node-sync", now + tenMinutes + 1)).toBe("denied")
      expect(yield* verdict("node-sync", now, { isUser: false })).toBe("denied")
    }),
  )

  it.effect("waits where its node is locked, and is refused where it is live and its user or login is", () =>
    Effect.gen(function* () {
      const [node, user, login] = [
        { kind: "node", name: NodeName.make("web-1") },
        { kind: "user", name: UserName.make("alice") },
        { kind: "login", name: Login.make("root") },
      ] as const
      for (const mode of ["node-sync", "node", "off"] as const) {
        expect(yield* verdict(mode, now, { locked: node })).toBe("unavailable")
        for (const locked of [user, login]) {
          expect(yield* verdict(mode, now, { locked })).toBe(mode === "node-sync" ? "denied" : "taken")
        }
      }
    }),
  )

  it.effect("may be old where it is uploaded after the fact, and its user gone, but has to have begun", () =>
    Effect.gen(function* () {
      for (const mode of ["node", "off"] as const) {
        expect(yield* verdict(mode, now - 1000 * tenMinutes, { isUser: false })).toBe("taken")
        expect(yield* verdict(mode, now + tenMinutes)).toBe("taken")
        expect(yield* verdict(mode, now + tenMinutes + 1)).toBe("unavailable")
      }
    }),
  )
})
