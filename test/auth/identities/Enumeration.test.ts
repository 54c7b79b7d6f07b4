import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { layerAuthServices } from "../../../src/auth/AuthServices.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { Passwords } from "../../../src/auth/identities/Passwords.ts"
import { HubFacts } from "../../../src/auth/keys/HubFacts.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { roleOf } from "../../support/roles.ts"
import { invited, newKey, password } from "../support/Fixtures.ts"
import { layerNewHub, layerTestDatabase, testConnections } from "../support/TestHub.ts"

/** Dear enough to stand out: a login that leaves it out takes a tenth of the time. */
const layerHub = layerAuthServices(Option.some("test"), Passwords.layerCost({ N: 2 ** 14, r: 8, p: 1 })).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Layer.provideMerge(layerNewHub, layerTestDatabase),
      testConnections().layer,
      Layer.succeed(HubFacts, { version: "1.2.3", sshPort: Effect.succeed(3023) }),
    ),
  ),
)

const publicKey = newKey().line
const wrong = Redacted.make("a wrong password")

/** Attempts of each kind: enough for one of them to be undisturbed, and few enough for none to be put off. */
const mostRounds = 15

/** Nobody; users with a password, with a second factor besides, with an invite that they haven't used. */
const kinds = ["nobody", "alice", "carol", "ivan"]

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
    for (const [index, way] of ways.entries()) {
      const [nobody = "", alice = "", carol = "", ivan = ""] = kinds.map((kind) => `${kind}-${index}`)
      for (const [user, role] of [
        [alice, "user"],
        [carol, "careful"],
      ] as const) {
        yield* logins.login({ ...about, user, invite: (yield* invited(user, [role])).invite })
      }
      yield* invited(ivan)
      const attempt = (user: string, round: number) =>
        Effect.gen(function* () {
          const startedAt = performance.now()
          const given = { ...about, ...way, user, password: wrong, remoteAddress: `192.0.2.${round}:1` }
          const error = yield* Effect.flip(logins.login(given))
          expect(error).toMatchObject({ message: "the user name, the password or the invite is wrong" })
          return performance.now() - startedAt
        })
      // What else the machine does makes an attempt slower, nothing makes it faster: the fastest of each are compared.
      let fastest = kinds.map(() => Number.POSITIVE_INFINITY)
      let ratio = Number.POSITIVE_INFINITY
      for (let round = 0; round < mostRounds && (round < 3 || ratio > 1.8); round++) {
        const times = yield* Effect.forEach([nobody, alice, carol, ivan], (user) => attempt(user, round))
        fastest = fastest.map((time, kind) => Math.min(time, times[kind] ?? time))
        ratio = Math.max(...fastest) / Math.min(...fastest)
      }
      expect(ratio).toBeLessThan(2.5)
    }
  }).pipe(Effect.provide(layerHub)),
)
