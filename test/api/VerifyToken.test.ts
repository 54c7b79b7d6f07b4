import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck, Redacted, TestClock } from "effect"
import { mintNodeToken, mintUserToken } from "../../src/api/BearerToken.ts"
import { verifyNodeToken, verifyUserToken } from "../../src/api/VerifyToken.ts"

const keys = generateKeyPairSync("ed25519")
const others = generateKeyPairSync("ed25519")
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
const nodeId = "5b0f2a6e-9f3c-4f34-9d65-2d3a8f5b7c11"
const now = 1_800_000_000

const verifyNode = (token: string, key: KeyObject = keys.publicKey) =>
  verifyNodeToken({
    token: Redacted.make(token),
    audience: "prod",
    resolve: (subject) => Effect.succeed({ subject, key, known: "web-1" }),
  })

const verifyUser = (token: string) =>
  verifyUserToken({
    token: Redacted.make(token),
    audience: "prod",
    resolve: (certificate) => Effect.succeed({ subject: certificate, key: keys.publicKey, known: certificate }),
  })

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
const header = { alg: "EdDSA", typ: "mezite-node+jwt" }
const claims = { sub: nodeId, aud: "prod", iat: now, exp: now + 300, jti: "1" }

/** A token as an attacker, or another implementation, would make it. */
const forge = (head: object, body: object, key: KeyObject = keys.privateKey) => {
  const signed = `${part(head)}.${part(body)}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`
}

const atNow = TestClock.setTime(now * 1000)
const reasonOf = (token: string) =>
  Effect.zipRight(atNow, Effect.flip(verifyNode(token))).pipe(Effect.map(({ reason }) => reason))

describe("tokens", () => {
  it.effect("of a node and of a user are believed, and say who it is", () =>
    Effect.gen(function* () {
      yield* atNow
      const node = yield* mintNodeToken({ nodeId, audience: "prod", key: keys.privateKey })
      expect(yield* verifyNode(Redacted.value(node))).toEqual({
        subject: nodeId,
        tokenId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        expiresAtMs: (now + 360) * 1000,
        known: "web-1",
      })
      const options = { user: "ada", audience: "prod", certificate: "ada", key: keys.privateKey }
      const user = yield* mintUserToken(options)
      expect((yield* verifyUser(Redacted.value(user))).known).toBe("ada")
      const another = yield* mintUserToken({ ...options, user: "eve" })
      expect((yield* Effect.flip(verifyUser(Redacted.value(another)))).reason).toBe("unknown")
      expect((yield* Effect.flip(verifyUser(Redacted.value(node)))).reason).toBe("malformed")
      expect((yield* Effect.flip(verifyNode(Redacted.value(user)))).reason).toBe("malformed")
    }),
  )

  it.effect("are refused for every lie", () =>
    Effect.gen(function* () {
      expect(yield* reasonOf(forge(header, claims, others.privateKey))).toBe("signature")
      expect(yield* reasonOf(forge(header, { ...claims, aud: "test" }))).toBe("audience")
      expect(yield* reasonOf(forge(header, { ...claims, aud: ["prod", "test"] }))).toBe("malformed")
      expect(yield* reasonOf(forge(header, { ...claims, exp: now + 301 }))).toBe("long-lived")
      expect(yield* reasonOf(forge(header, { ...claims, iat: now - 1000, exp: now - 700 }))).toBe("expired")
      expect(yield* reasonOf(forge(header, { ...claims, iat: now + 61, exp: now + 100 }))).toBe("premature")
      for (const lie of [{ jti: undefined }, { jti: "" }, { jti: "x\0" }, { sub: "\0" }, { sub: "x".repeat(257) }]) {
        expect(yield* reasonOf(forge(header, { ...claims, ...lie }))).toBe("malformed")
      }
      expect(yield* reasonOf(forge({ ...header, crit: ["x"], x: 1 }, claims))).toBe("malformed")
      expect(yield* reasonOf(forge({ ...header, alg: "RS256" }, claims))).toBe("malformed")
      expect(yield* reasonOf(`${part({ ...header, alg: "none" })}.${part(claims)}.`)).toBe("malformed")
      expect(yield* reasonOf(forge(header, { ...claims, pad: "x".repeat(20_000) }))).toBe("malformed")
    }),
  )

  it.effect("are allowed clocks that are a minute apart", () =>
    Effect.gen(function* () {
      yield* atNow
      yield* verifyNode(forge(header, { ...claims, iat: now + 60, exp: now + 200 }))
      yield* verifyNode(forge(header, { ...claims, iat: now - 300, exp: now - 30 }))
    }),
  )

  it.effect("cannot be made with the public key as a secret, nor with another kind of key", () =>
    Effect.gen(function* () {
      const secret = keys.publicKey.export({ type: "spki", format: "pem" })
      const signed = `${part({ ...header, alg: "HS256" })}.${part(claims)}`
      const mac = createHmac("sha256", secret).update(signed).digest("base64url")
      expect(yield* reasonOf(`${signed}.${mac}`)).toBe("malformed")
      const byRsa = yield* Effect.flip(verifyNode(forge(header, claims), rsa.publicKey))
      expect(byRsa.reason).toBe("signature")
    }),
  )

  it.effect.prop(
    "are nothing once a character is changed",
    { at: FastCheck.nat(), by: FastCheck.integer({ min: 1, max: 60 }) },
    ({ at, by }) =>
      Effect.gen(function* () {
        yield* atNow
        const token = forge(header, claims)
        const index = at % token.length
        const code = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        const other = code[(code.indexOf(token[index] ?? "") + by) % code.length] ?? ""
        const changed = token.slice(0, index) + other + token.slice(index + 1)
        // The last character of a signature has two bits that mean nothing (RFC 4648, 3.5): only there may it not matter.
        if (index === token.length - 1) return
        yield* Effect.flip(verifyNode(changed))
      }),
  )

  it.effect.prop("of any text at all give a typed error", { text: FastCheck.string() }, ({ text }) =>
    Effect.asVoid(Effect.flip(verifyNode(text))),
  )
})
