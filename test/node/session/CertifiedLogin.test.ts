import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import type { AccessGrant } from "../../../src/domain/AccessGrant.ts"
import { certifiedLogin } from "../../../src/node/session/CertifiedLogin.ts"
import { certificateAuthority } from "../../../src/ssh/CertificateAuthority.ts"
import { newKey } from "../../auth/support/Fixtures.ts"
import { fullGrant } from "../../support/accessGrants.ts"

const authority = certificateAuthority(newKey().privateKey)

const certificate = (extensions?: ReadonlyArray<string>) =>
  authority.signUser({
    publicKey: newKey().privateKey,
    keyId: "alice",
    principals: ["root", "deploy"],
    validAfter: 0n,
    validBefore: 3_600n,
    serial: 1n,
    ...(extensions && { extensions: new Map(extensions.map((name) => [name, ""])) }),
  })

const login = (username: string, grant: AccessGrant, extensions?: ReadonlyArray<string>) =>
  certifiedLogin(
    { username, certificate: certificate(extensions), remoteAddress: "192.0.2.1:4022" },
    { authority: authority.blob, grant },
  )

const refusal = (username: string, grant: AccessGrant) =>
  Effect.map(Effect.flip(login(username, grant)), (e) => e.message)

describe("a certified login", () => {
  it.effect("needs both the certificate and the hub's grant", () =>
    Effect.gen(function* () {
      expect(yield* login("root", fullGrant("alice"))).toMatchObject({ user: "alice", login: "root" })
      expect(yield* refusal("deploy", fullGrant("alice"))).toMatch(/do not allow the login "deploy" here/)
      expect(yield* refusal("mallory", fullGrant("alice", ["mallory"]))).toMatch(/is not for "mallory"/)
      expect(yield* refusal("root", fullGrant("bob"))).toMatch(/certificate of "alice" came on bob's connection/)
    }),
  )

  it.effect("may do what both permit", () =>
    Effect.gen(function* () {
      const full = fullGrant("alice")
      const access = (grant: AccessGrant, extensions?: ReadonlyArray<string>) =>
        Effect.map(login("root", grant, extensions), (certified) => certified.access)
      const all = { portForwarding: true, fileTransfer: true, agentForwarding: true, sessionTtl: Option.none() }
      expect(yield* access(full)).toEqual(all)
      expect(yield* access(full, ["permit-pty"])).toEqual({ ...all, portForwarding: false, agentForwarding: false })
      const little = {
        ...full,
        portForwarding: false,
        fileTransfer: false,
        agentForwarding: false,
        sessionTtlMs: 60_000,
      }
      expect(yield* access(little)).toEqual({
        portForwarding: false,
        fileTransfer: false,
        agentForwarding: false,
        sessionTtl: Option.some(Duration.minutes(1)),
      })
    }),
  )
})
