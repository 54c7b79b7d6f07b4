import * as SqlClient from "@effect/sql/SqlClient"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Either, Fiber, Option, Redacted, Stream, TestClock } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { FailedLogins } from "../../../src/auth/identities/FailedLogins.ts"
import { type LoginAttempt, Logins } from "../../../src/auth/identities/Logins.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { UserAuthority } from "../../../src/auth/keys/UserAuthority.ts"
import { Settings } from "../../../src/auth/settings/Settings.ts"
import { UserName } from "../../../src/domain/Identifiers.ts"
import { parseCertificateLine } from "../../../src/ssh/OpenSshCertificate.ts"
import { credentialsOf, invited, loggedIn, newKey, password } from "../support/Fixtures.ts"
import { layerTestHub } from "../support/TestHub.ts"

const attempt = (about: Partial<LoginAttempt>): LoginAttempt => ({
  user: "alice",
  invite: null,
  password,
  code: null,
  publicKey: newKey().line,
  remoteAddress: "192.0.2.1",
  ...about,
})
const login = (about: Partial<LoginAttempt> = {}) =>
  Effect.map(
    Effect.flatMap(Logins, (logins) => logins.login(attempt(about))),
    credentialsOf,
  )
const audited = Effect.flatMap(AuditLog, (audit) =>
  Effect.map(
    Stream.runCollect(audit.list({ type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null })),
    (events) => Chunk.toReadonlyArray(events).map(({ type, user, remote_address }) => [type, user, remote_address]),
  ),
)

/** Waits until the database has done its part: the fiber waits for the tests' clock, or is done. */
const putOff = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.promise(() => new Promise((resume) => setImmediate(resume))).pipe(
    Effect.zipRight(Effect.zip(Fiber.poll(fiber), TestClock.sleeps())),
    Effect.repeat({ until: ([exit, sleeps]) => Option.isSome(exit) || Chunk.isNonEmpty(sleeps) }),
  )

describe("a login", () => {
  it.scoped("gives a certificate for the key that was shown, as long as the setting says", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_500)
      const { invite } = yield* invited("alice", ["user", "user"], ["root", "deploy"])
      yield* TestClock.adjust("1 second")
      const key = newKey()
      const first = yield* login({ invite, publicKey: key.line })
      expect(first).toMatchObject({ user: "alice", roles: ["user"], logins: ["root", "deploy"] })
      expect(Date.parse(first.expires_at)).toBe(1_700_000_001_000 + 12 * 3_600_000)
      const certificate = yield* parseCertificateLine(first.certificate)
      expect(certificate).toMatchObject({ kind: "user", keyId: "alice", principals: ["root", "deploy"] })
      expect([...certificate.extensions.keys()]).toContain("permit-pty")
      const authority = yield* UserAuthority
      const verified = yield* authority.verifyCertificate(certificate.blob, 1_700_000_001_000)
      expect(verified.user).toBe("alice")
      expect(verified.issuedAtMs).toBe(1_700_000_001_000)
      yield* Effect.flatMap(Settings, (settings) => settings.set("user_certificate_ttl", "10m", "admin"))
      const second = yield* login()
      expect(Date.parse(second.expires_at)).toBe(1_700_000_001_000 + 600_000)
      expect((yield* audited).filter(([type]) => type === "user.login")).toHaveLength(2)
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("says the same whatever is wrong, and audits it", () =>
    Effect.gen(function* () {
      yield* loggedIn("alice")
      const { invite } = yield* invited("carol")
      const wrong = Redacted.make("wrong password")
      const errors = yield* Effect.forEach(
        [
          { password: wrong },
          { user: "nobody" },
          { user: "nobody", invite },
          { user: "alice", invite },
          { user: "carol" },
          { user: "carol", invite: Redacted.make("x") },
          { user: "a\0\ud800" },
          { user: "" },
        ],
        (about) => Effect.flip(login(about)),
      )
      expect(new Set(errors.map(({ _tag, message }) => `${_tag} ${message}`)).size).toBe(1)
      expect(errors[0]?._tag).toBe("Unauthenticated")
      expect((yield* audited).slice(0, 8).map(([type]) => type)).toEqual(Array(8).fill("user.login.failed"))
      expect((yield* audited)[7]).toEqual(["user.login.failed", "alice", "192.0.2.1"])
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("takes an invite once, of many at once too, and sets the password with it", () =>
    Effect.gen(function* () {
      const { invite } = yield* invited("alice")
      const attempts = yield* Effect.all(
        Array.from({ length: 4 }, () => Effect.either(login({ invite }))),
        { concurrency: "unbounded" },
      )
      expect(attempts.filter(Either.isRight)).toHaveLength(1)
      expect((yield* login()).user).toBe("alice")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("refuses an invite that is over seven days old", () =>
    Effect.gen(function* () {
      const { invite } = yield* invited("alice")
      yield* TestClock.adjust(Duration.days(7))
      expect((yield* Effect.flip(login({ invite })))._tag).toBe("Unauthenticated")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("does not use the invite up for a password or a key that is not good enough", () =>
    Effect.gen(function* () {
      const { invite } = yield* invited("alice")
      expect(yield* Effect.flip(login({ invite, password: Redacted.make("1234567") }))).toMatchObject({
        _tag: "Invalid",
      })
      expect(yield* Effect.flip(login({ invite, publicKey: "ssh-ed25519 AAAA" }))).toMatchObject({ _tag: "Invalid" })
      expect((yield* login({ invite })).user).toBe("alice")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("makes a name wait that fails again and again from one address, known or not, and nobody else", () =>
    Effect.gen(function* () {
      yield* loggedIn("alice")
      yield* loggedIn("bob")
      for (const user of ["alice", "nobody"]) {
        const wrong = { user, password: Redacted.make("wrong password") }
        yield* Effect.repeatN(Effect.flip(login(wrong)), 4)
        expect((yield* Effect.flip(login({ user }))).message).toBe("too many failed logins: try again in 1 s")
      }
      expect((yield* login({ user: "bob" })).user).toBe("bob")
      expect((yield* login({ remoteAddress: "192.0.2.2:1" })).user).toBe("alice")
      yield* TestClock.adjust("1 second")
      expect((yield* login()).user).toBe("alice")
      expect((yield* login()).user).toBe("alice")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("knows nobody by a name that is only nearly theirs", () =>
    Effect.gen(function* () {
      yield* loggedIn("alice")
      const { invite } = yield* invited("carol")
      for (const user of ["alice\0", "\0alice", "a\0lice", "alice ", "ALICE", "alice\n"]) {
        expect((yield* Effect.flip(login({ user })))._tag).toBe("Unauthenticated")
      }
      expect((yield* Effect.flip(login({ user: "carol\0", invite })))._tag).toBe("Unauthenticated")
      expect((yield* login({ user: "carol", invite })).user).toBe("carol")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("lets the right password in within seconds while others fail from everywhere, and tells nobody so", () =>
    Effect.gen(function* () {
      yield* loggedIn("alice")
      const wrong = Redacted.make("wrong password")
      const guess = (user: string, from: number) =>
        Effect.gen(function* () {
          const about = { user, password: wrong, remoteAddress: `198.51.100.${from}:1` }
          const fiber = yield* Effect.fork(Effect.flip(login(about)))
          yield* putOff(fiber)
          yield* TestClock.adjust("4 seconds")
          return (yield* Fiber.join(fiber)).message
        })
      for (let from = 0; from < 30; from++) {
        const [known, unknown] = [yield* guess("alice", from), yield* guess("nobody", from)]
        expect(known).toEqual(unknown)
      }
      const right = yield* Effect.fork(login({ remoteAddress: "192.0.2.9:1" }))
      yield* putOff(right)
      yield* TestClock.adjust("3900 millis")
      expect(Option.isNone(yield* Fiber.poll(right))).toBe(true)
      yield* TestClock.adjust("100 millis")
      expect((yield* Fiber.join(right)).user).toBe("alice")
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("takes 60 attempts a minute from an address, and does not make an invite wait for failures", () =>
    Effect.gen(function* () {
      const { invite } = yield* invited("alice")
      const bad = { invite: Redacted.make("x"), remoteAddress: "203.0.113.1:1" }
      const fails = Effect.map(Effect.flip(login(bad)), ({ message }) => message)
      for (let count = 0; count < 60; count++) expect(yield* fails).toMatch(/ is wrong$/)
      expect(yield* fails).toMatch(/^too many logins from your address: try again in \d+ s$/)
      expect((yield* login({ invite })).user).toBe("alice")
      yield* TestClock.adjust("1 minute")
      expect(yield* fails).toMatch(/ is wrong$/)
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("that fails is audited 60 times a minute, and then as a number", () =>
    Effect.gen(function* () {
      const failures = yield* FailedLogins
      const failed = { user: "x", method: "password", remoteAddress: null, reason: "wrong" } as const
      yield* Effect.repeatN(failures.report(failed), 69)
      expect(yield* audited).toHaveLength(60)
      yield* TestClock.adjust("1 minute")
      const audit = yield* AuditLog
      const newest = Effect.map(
        Stream.runHead(audit.list({ type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: 1 })),
        Option.getOrThrow,
      )
      // It is told in the background.
      const last = yield* Effect.repeat(newest, { until: ({ detail }) => "more" in detail })
      expect(last).toMatchObject({ type: "user.login.failed", user: null, detail: { more: 10 } })
      yield* failures.report(failed)
      expect(yield* audited).toHaveLength(62)
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("stores neither invite nor password, only digests", () =>
    Effect.gen(function* () {
      const { invite } = yield* invited("alice")
      const sql = yield* SqlClient.SqlClient
      const before = JSON.stringify(yield* sql`SELECT * FROM users`)
      yield* login({ invite })
      const after = JSON.stringify(yield* sql`SELECT * FROM users`)
      const events = JSON.stringify(yield* sql`SELECT * FROM audit_events`)
      expect(before).not.toContain(Redacted.value(invite))
      expect(after).toMatch(/scrypt\$1024\$8\$1\$/)
      expect(after + events).not.toContain(Redacted.value(password))
      expect(events).not.toContain(Redacted.value(invite))
    }).pipe(Effect.provide(layerTestHub())),
  )
})

it.scoped("an admin signs for a user that there is, within a year, without logins too", () =>
  Effect.gen(function* () {
    yield* invited("robot", ["auditor"], [])
    const logins = yield* Logins
    const request = { ttl: Duration.hours(1), publicKey: newKey().line, by: "local-admin", remoteAddress: null }
    const signed = yield* logins.sign({ ...request, user: UserName.make("robot") })
    expect((yield* parseCertificateLine(signed.certificate)).principals).toEqual(["-mezite-nologin"])
    const missing = yield* Effect.flip(logins.sign({ ...request, user: UserName.make("nobody") }))
    expect(missing).toMatchObject({ _tag: "NotFound" })
    const long = yield* Effect.flip(logins.sign({ ...request, user: UserName.make("robot"), ttl: Duration.days(400) }))
    expect(long).toMatchObject({ _tag: "Invalid" })
  }).pipe(Effect.provide(layerTestHub())),
)

it.scoped("users are added once, with roles that there are, and removed for good", () =>
  Effect.gen(function* () {
    const users = yield* Users
    yield* loggedIn("alice", ["admin"])
    yield* invited("bob")
    expect(yield* Effect.flip(invited("alice"))).toMatchObject({ _tag: "Conflict" })
    expect(yield* Effect.flip(invited("carol", ["root"]))).toMatchObject({
      _tag: "Invalid",
      message: 'there is no role "root"; there are: admin, auditor, user',
    })
    expect(yield* Effect.flip(invited("carol", []))).toMatchObject({ _tag: "Invalid" })
    // As whom the audit log knows the admin at the hub's socket.
    expect(yield* Effect.flip(invited("local-admin"))).toMatchObject({ _tag: "Invalid" })
    expect((yield* users.list).map(({ name, password: hash }) => [name, hash !== null])).toEqual([
      ["alice", true],
      ["bob", false],
    ])
    yield* users.remove(UserName.make("alice"), "tester")
    expect(yield* Effect.flip(users.remove(UserName.make("alice"), "tester"))).toMatchObject({ _tag: "NotFound" })
    expect((yield* Effect.flip(login()))._tag).toBe("Unauthenticated")
    expect((yield* audited).map(([type]) => type)).toEqual([
      "user.login.failed",
      "user.delete",
      "user.create",
      "user.login",
      "user.create",
    ])
  }).pipe(Effect.provide(layerTestHub())),
)
