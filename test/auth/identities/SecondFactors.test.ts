import * as SqlClient from "@effect/sql/SqlClient"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Clock, Effect, Redacted, Stream, TestClock } from "effect"
import type { LoginAnswer } from "../../../src/api/PublicRpcs.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { totpCode, totpStep } from "../../../src/auth/identities/Totp.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { RoleName, UserName } from "../../../src/domain/Identifiers.ts"
import { roleOf } from "../../support/roles.ts"
import { invited, newKey, password } from "../support/Fixtures.ts"
import { layerTestHub } from "../support/TestHub.ts"

const careful = roleOf({ name: "careful", options: { second_factor: "required" } })
const alice = UserName.make("alice")
const publicKey = newKey().line

const login = (
  code: string | null,
  about: { readonly invite?: Redacted.Redacted<string>; readonly from?: string } = {},
) =>
  Effect.flatMap(Logins, (logins) =>
    logins.login({
      user: "alice",
      invite: about.invite ?? null,
      password,
      code: code === null ? null : Redacted.make(code),
      publicKey,
      remoteAddress: about.from ?? "192.0.2.1:1",
    }),
  )

const refusal = (code: string | null, from?: string) =>
  Effect.map(Effect.flip(login(code, from === undefined ? {} : { from })), ({ message }) => message)

/** What the authenticator app of that secret shows now, or `off` steps from now. */
const codeOf = (secret: Uint8Array, off = 0) =>
  Effect.map(Clock.currentTimeMillis, (now) => totpCode(secret, totpStep(now) + off))

const storedSecret = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ secret: string }>`SELECT secret FROM second_factors`
  return Buffer.from(row?.secret ?? "", "base64")
})

const proposed = (answer: LoginAnswer) => {
  if (answer._tag !== "EnrolmentNeeded") throw new Error(answer._tag)
  return { secret: Redacted.value(answer.secret), otpauth: Redacted.value(answer.otpauth) }
}

/** alice, invited, whose role asks for a second factor. */
const aliceInvited = Effect.gen(function* () {
  yield* Effect.flatMap(Roles, (roles) => roles.create(careful, "tester"))
  return (yield* invited("alice", ["user", "careful"])).invite
})

/** alice, who has a second factor; gives its secret. */
const enrolled = Effect.gen(function* () {
  yield* login(null, { invite: yield* aliceInvited })
  const secret = yield* storedSecret
  yield* login(yield* codeOf(secret))
  yield* TestClock.adjust("30 seconds")
  return secret
})

const events = (type: "user.login" | "user.login.failed" | "user.second_factor") =>
  Effect.flatMap(AuditLog, (audit) =>
    Effect.map(
      Stream.runCollect(audit.list({ type, user: null, sessionId: null, node: null, sinceMs: null, limit: null })),
      Chunk.toReadonlyArray,
    ),
  )

const wrong = "the code is wrong, or was used before: wait for the next one"

describe("a second factor", () => {
  it.scoped("is enrolled at the first login, with a secret that is confirmed by a code", () =>
    Effect.gen(function* () {
      const first = proposed(yield* login(null, { invite: yield* aliceInvited }))
      expect(first.secret).toMatch(/^[A-Z2-7]{32}$/)
      expect(first.otpauth).toBe(`otpauth://totp/test:alice?secret=${first.secret}&issuer=test`)
      const old = yield* storedSecret
      const second = proposed(yield* login(null))
      expect(second.secret).not.toBe(first.secret)
      expect(yield* refusal(yield* codeOf(old))).toBe(wrong)
      expect(yield* events("user.second_factor")).toEqual([])
      const answer = yield* login(yield* codeOf(yield* storedSecret))
      expect(answer).toMatchObject({ _tag: "LoggedIn", credentials: { user: "alice" } })
      expect(yield* login(null)).toEqual({ _tag: "CodeNeeded" })
      expect(yield* events("user.second_factor")).toMatchObject([{ user: "alice", detail: { kind: "totp" } }])
      expect(yield* events("user.login")).toMatchObject([{ detail: { method: "password", second_factor: true } }])
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("takes each code once, none that is older than one it took, and no stale one", () =>
    Effect.gen(function* () {
      const secret = yield* enrolled
      const now = yield* codeOf(secret)
      expect((yield* login(now))._tag).toBe("LoggedIn")
      expect(yield* refusal(now)).toBe(wrong)
      expect(yield* refusal(yield* codeOf(secret, -1))).toBe(wrong)
      expect((yield* login(yield* codeOf(secret, 1)))._tag).toBe("LoggedIn")
      expect(yield* refusal(yield* codeOf(secret))).toBe(wrong)
      expect(yield* refusal(yield* codeOf(secret, 2))).toBe(wrong)
      expect(yield* events("user.login.failed")).toMatchObject(
        Array.from({ length: 4 }, () => ({ user: "alice", detail: { method: "code" } })),
      )
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("is taken by one of many logins with it at once", () =>
    Effect.gen(function* () {
      const code = yield* codeOf(yield* enrolled)
      const outcomes = yield* Effect.all(
        Array.from({ length: 4 }, () => Effect.either(login(code))),
        { concurrency: "unbounded" },
      )
      expect(outcomes.map(({ _tag }) => _tag).sort()).toEqual(["Left", "Left", "Left", "Right"])
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("is guessed ever more slowly, from everywhere together", () =>
    Effect.gen(function* () {
      const secret = yield* enrolled
      for (let from = 0; from < 5; from++) expect(yield* refusal("000000", `198.51.100.${from}:1`)).toBe(wrong)
      for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
        expect(yield* refusal(yield* codeOf(secret), "203.0.113.9:1")).toBe(
          `too many wrong codes: try again in ${seconds} s`,
        )
        yield* TestClock.adjust(`${seconds} seconds`)
        expect(yield* refusal("000000", "203.0.113.8:1")).toBe(wrong)
      }
      yield* TestClock.adjust("15 minutes")
      expect((yield* login(yield* codeOf(secret)))._tag).toBe("LoggedIn")
      expect(yield* refusal("000000")).toBe(wrong)
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("is never tried by who has not the password", () =>
    Effect.gen(function* () {
      const secret = yield* enrolled
      const logins = yield* Logins
      const about = { user: "alice", publicKey, remoteAddress: null, password: Redacted.make("not the password") }
      for (let count = 0; count < 4; count++) {
        for (const invite of [null, Redacted.make("x")]) {
          const guess = logins.login({ ...about, invite, code: Redacted.make(yield* codeOf(secret)) })
          expect((yield* Effect.flip(guess)).message).toBe("the user name, the password or the invite is wrong")
        }
      }
      expect((yield* login(yield* codeOf(secret)))._tag).toBe("LoggedIn")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("goes with a reset and with the user, and isn't asked for without a role that wants it", () =>
    Effect.gen(function* () {
      const secret = yield* enrolled
      const users = yield* Users
      yield* users.update(alice, { roles: [RoleName.make("user")] }, "tester")
      expect((yield* login(null))._tag).toBe("LoggedIn")
      yield* users.update(alice, { roles: [RoleName.make("careful")] }, "tester")
      expect((yield* login(null))._tag).toBe("CodeNeeded")
      const { invite } = yield* users.reset(alice, "tester")
      expect((yield* login(null, { invite }))._tag).toBe("EnrolmentNeeded")
      expect(yield* refusal(yield* codeOf(secret))).toBe(wrong)
      yield* users.remove(alice, "tester")
      const sql = yield* SqlClient.SqlClient
      expect(yield* sql`SELECT * FROM second_factors`).toEqual([])
    }).pipe(Effect.provide(layerTestHub())),
  )
})
