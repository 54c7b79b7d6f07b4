import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, Ref, TestClock } from "effect"
import type { CertifiedLogin } from "../../../src/node/session/CertifiedLogin.ts"
import { endWhenOver } from "../../../src/node/session/endWhenOver.ts"
import { loginAccess } from "../../../src/node/session/LoginAccess.ts"
import { EndReason } from "../../../src/session/EndReason.ts"
import { SessionRegistry } from "../../../src/session/SessionRegistry.ts"
import { certificateAuthority } from "../../../src/ssh/CertificateAuthority.ts"
import { newKey, sessionInfo } from "../../auth/support/Fixtures.ts"
import { fullGrant } from "../../support/accessGrants.ts"

const authority = certificateAuthority(newKey().privateKey)

/** A connection whose sessions may last that long, and the sessions and reasons that it saw the end of. */
const connected = (sessionTtlMs: number | null) => {
  const certificate = authority.signUser({
    publicKey: newKey().privateKey,
    keyId: "alice",
    principals: ["root"],
    validAfter: 0n,
    validBefore: 1n,
    serial: 1n,
  })
  const ended: Array<string> = []
  const identity: CertifiedLogin = {
    user: "alice",
    login: "root",
    certificate,
    access: loginAccess(certificate, { ...fullGrant("alice"), sessionTtlMs }),
  }
  const connection = {
    identity,
    disconnect: (reason: string) => Effect.sync(() => void ended.push(`disconnected: ${reason}`)),
  }
  const session = Effect.never.pipe(
    Effect.onInterrupt(() =>
      Effect.map(Effect.flatMap(EndReason, Ref.get), (reason) =>
        ended.push(`ended: ${Option.getOrElse(reason, () => "for no reason")}`),
      ),
    ),
  )
  const start = Effect.flatMap(SessionRegistry, (registry) =>
    registry.start(sessionInfo({ userCertificate: certificate.blob }), session),
  )
  return { connection, ended, start }
}

describe("a connection whose time is over", () => {
  it.scoped("ends its own sessions, told why, and then itself", () =>
    Effect.gen(function* () {
      const [limited, other] = [connected(3_600_000), connected(null)]
      const timer = yield* Effect.fork(endWhenOver(limited.connection))
      yield* Effect.fork(endWhenOver(other.connection))
      yield* limited.start
      yield* other.start
      yield* TestClock.adjust("59 minutes")
      yield* limited.start
      expect(limited.ended).toEqual([])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(timer)
      const reason = "it has lasted 1h, as long as your roles allow"
      expect(limited.ended).toEqual([`ended: ${reason}`, `ended: ${reason}`, `disconnected: ${reason}`])
      yield* TestClock.adjust(Duration.days(30))
      expect(other.ended).toEqual([])
    }).pipe(Effect.provide(SessionRegistry.layer)),
  )
})
