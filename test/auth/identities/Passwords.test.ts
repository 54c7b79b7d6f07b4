import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck, Fiber, Option, Redacted } from "effect"
import { formatHash, parseHash } from "../../../src/auth/identities/PasswordHash.ts"
import { Passwords } from "../../../src/auth/identities/Passwords.ts"
import {
  addFailures,
  attempt,
  delayAfter,
  noAttempts,
  noFailures,
} from "../../../src/auth/identities/ThrottlePolicy.ts"
import { networkOf } from "../../../src/domain/networkOf.ts"
import { layerCheapPasswords } from "../support/TestHub.ts"

const right = Redacted.make("pass\u00e9word")

describe("passwords", () => {
  it.effect("are verified at the cost that is stored with them, by default 2^17", () =>
    Effect.gen(function* () {
      const hash = yield* Effect.flatMap(Passwords, (passwords) => passwords.hash(right)).pipe(
        Effect.provide(Passwords.layer),
      )
      expect(hash).toMatch(/^scrypt\$131072\$8\$1\$/)
      const passwords = yield* Passwords
      expect(yield* passwords.verify(right, Option.some(hash))).toBe(true)
      expect(yield* passwords.verify(Redacted.make("passe\u0301word"), Option.some(hash))).toBe(true)
      expect(yield* passwords.verify(Redacted.make("password"), Option.some(hash))).toBe(false)
    }).pipe(Effect.provide(layerCheapPasswords)),
  )

  it.effect("never match where there is no hash, or none that can be read", () =>
    Effect.gen(function* () {
      const passwords = yield* Passwords
      expect(yield* passwords.verify(right, Option.none())).toBe(false)
      expect(yield* passwords.verify(right, Option.some("plain"))).toBe(false)
      expect(yield* passwords.hash(right)).not.toBe(yield* passwords.hash(right))
    }).pipe(Effect.provide(layerCheapPasswords)),
  )

  it.effect("are refused when too many wait", () =>
    Effect.gen(function* () {
      const passwords = yield* Passwords
      const results = yield* Effect.all(
        Array.from({ length: 80 }, () => Effect.either(passwords.verify(right, Option.none()))),
        { concurrency: "unbounded" },
      )
      expect(results.filter(({ _tag }) => _tag === "Left")).toHaveLength(14)
      expect(yield* passwords.verify(right, Option.none())).toBe(false)
    }).pipe(Effect.provide(layerCheapPasswords)),
  )

  it.live("are verified at once for who comes while a flood waits, and those who wait longest are given up", () =>
    Effect.gen(function* () {
      const passwords = yield* Passwords
      const over: Array<number> = []
      const verify = (index: number) =>
        passwords
          .verify(right, Option.none())
          .pipe(
            Effect.tapBoth({ onSuccess: () => Effect.sync(() => over.push(index)), onFailure: () => Effect.void }),
            Effect.either,
          )
      const flood = yield* Effect.forkAll(Array.from({ length: 80 }, (_, index) => verify(index)))
      yield* Effect.yieldNow()
      expect((yield* verify(80))._tag).toBe("Right")
      expect(over.length).toBeLessThanOrEqual(4)
      const given = Array.from(yield* Fiber.join(flood), ({ _tag }, index) => ({ _tag, index }))
      const gaveUp = given.filter(({ _tag }) => _tag === "Left").map(({ index }) => index)
      expect(gaveUp).toEqual(Array.from({ length: 15 }, (_, index) => index + 2))
    }).pipe(Effect.provide(layerCheapPasswords)),
  )

  it.live("are waited for by nobody who has gone away, and nobody else waits longer for that", () =>
    Effect.gen(function* () {
      const passwords = yield* Passwords
      const verify = passwords.verify(right, Option.none())
      for (let round = 0; round < 20; round++) {
        const fibers = yield* Effect.all(Array.from({ length: 12 }, () => Effect.fork(verify)))
        yield* Effect.yieldNow()
        yield* Fiber.interruptAll(fibers.filter((_, index) => index % 3 === round % 3))
        yield* Effect.forEach(fibers, Fiber.await)
      }
      const rest = Array.from({ length: 66 }, () => verify)
      expect(yield* Effect.all(rest, { concurrency: "unbounded" })).toEqual(Array(66).fill(false))
    }).pipe(Effect.provide(layerCheapPasswords)),
  )

  it("have hashes that can be read again", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uint8Array({ minLength: 16, maxLength: 32 }),
        FastCheck.uint8Array({ minLength: 16, maxLength: 64 }),
        (salt, key) => {
          const hash = { cost: { N: 2048, r: 8, p: 1 }, salt: Buffer.from(salt), key: Buffer.from(key) }
          expect(parseHash(formatHash(hash))).toEqual(Option.some(hash))
        },
      ),
    ))
})

it("the throttle lets five through at once and then one after ever longer waits, a minute at most", () => {
  let state = noAttempts
  const waits: Array<number> = []
  let now = 0
  for (let index = 0; index < 14; index++) {
    const step = attempt(state, now)
    expect(step.waitMs).toBe(0)
    state = step.attempts
    const { waitMs } = attempt(state, now)
    waits.push(waitMs)
    now += waitMs
  }
  expect(waits).toEqual([0, 0, 0, 0, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 6e4, 6e4, 6e4, 6e4])
})

it("a name that fails from everywhere is put off by 4 s at most, and forgotten by and by", () => {
  const after = (failures: number) => addFailures(noFailures, failures, 1_000)
  expect([0, 20, 21, 22, 25, 26, 1e9].map((failures) => delayAfter(after(failures)))).toEqual([
    0, 0, 250, 500, 4_000, 4_000, 4_000,
  ])
  expect(delayAfter(addFailures(after(40), 0, 601_000))).toBe(0)
  expect(addFailures(after(0), -1, 1_000).failures).toBe(0)
})

it.each([
  ["192.0.2.1:4022", "192.0.2.1"],
  ["192.0.2.1", "192.0.2.1"],
  ["[2001:db8::1]:4022", "2001:db8:0:0::/64"],
  ["2001:DB8:0:0:ffff::7", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["unknown:0", "unknown"],
  [null, ""],
])("attempts from %s count against %s", (address, network) => {
  expect(networkOf(address)).toBe(network)
})
