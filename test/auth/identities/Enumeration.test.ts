import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { layerAuthServices } from "../../../src/auth/AuthServices.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { Passwords } from "../../../src/auth/identities/Passwords.ts"
import { HubFacts } from "../../../src/auth/keys/HubFacts.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { roleOf } from "../../support/roles.ts"
import { invited, newKey, password } from "../support/Fixtures.ts"
import { layerTestDatabase, testConnections } from "../support/TestHub.ts"

/** Dear enough to stand out: a login that leaves it out takes a tenth of the time. */
const layerHub = layerAuthServices(Option.some("test"), Passwords.layerCost({ N: 2 ** 14, r: 8, p: 1 })).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      layerTestDatabase,
      testConnections().layer,
      Layer.succeed(HubFacts, { version: "1.2.3", sshPort: Effect.succeed(3023) }),
    ),
  ),
)

const publicKey = newKey().line
const wrong = Redacted.make("a wrong password")
const runs = 5

/** Nobody; users with a password, with a second factor besides, with an invite that they haven't used. */
const names = ["nobody", "alice", "carol", "ivan"]

/** By password or by invite, and with a code or without. */
const ways = [
  { invite: null, code: null },
  { invite: null, code: Redacted.make("123456") },
  { invite: Redacted.make("x".repeat(43)), code: null },
  { invite: Redacted.make("x".repeat(43)), code: Redacted.make("123456") },
]

it.scopedLive("no way to fail tells by words or time whether there is such a user", () =>
  Effect.gen(function* () {
    const logins = yield* Logins
    yield* Effect.flatMap(Roles, (roles) =>
      roles.create(roleOf({ name: "careful", options: { second_factor: "required" } }), "tester"),
    )
    const about = { password, publicKey, code: null, remoteAddress: null }
    for (const [user, roles] of [
      ["alice", ["user"]],
      ["carol", ["careful"]],
    ] as const) {
      const { invite } = yield* invited(user, roles)
      yield* logins.login({ ...about, user, invite })
    }
    yield* invited("ivan")
    for (const way of ways) {
      const attempt = (user: string, from: number) =>
        Effect.gen(function* () {
          const startedAt = performance.now()
          const given = { ...about, ...way, user, password: wrong, remoteAddress: `192.0.2.${from}:1` }
          const error = yield* Effect.flip(logins.login(given))
          return { error: JSON.stringify(error), ms: performance.now() - startedAt }
        })
      const tried = yield* Effect.forEach(names, (user) =>
        Effect.forEach(Array.from({ length: runs }), (_, run) => attempt(user, run)),
      )
      expect(new Set(tried.flat().map(({ error }) => error)).size).toBe(1)
      // The fastest of some runs: what else the machine does makes it slower, nothing makes it faster.
      const fastest = tried.map((times) => Math.min(...times.map(({ ms }) => ms)))
      expect(Math.min(...fastest) * 2.5).toBeGreaterThan(Math.max(...fastest))
    }
  }).pipe(Effect.provide(layerHub)),
)
