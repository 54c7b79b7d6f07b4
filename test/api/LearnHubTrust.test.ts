import { createServer } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { connectThroughHub } from "../../src/api/ConnectThroughHub.ts"
import { HubPin, pinOf } from "../../src/api/HubPin.ts"
import { HubTrust } from "../../src/api/HubTrust.ts"
import { learnHubTrust } from "../../src/api/LearnHubTrust.ts"
import { generateTlsIdentity, tlsIdentityFromPem } from "../../src/proxy/TlsIdentity.ts"
import { testHub, userToken } from "../proxy/TestHub.ts"

const reach = (hub: Parameters<typeof connectThroughHub>[0]["hub"], trust: HubTrust) =>
  Effect.flatMap(userToken(), (token) =>
    Effect.flip(Effect.scoped(connectThroughHub({ hub, trust, token, node: "web-1" }))),
  )

describe("learnHubTrust", () => {
  it.scopedLive("keeps the certificate of the hub that has the pinned key", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const trust = yield* learnHubTrust(hub.address, Option.some(hub.identity.pin))
      expect(trust).toEqual(HubTrust.Pinned({ pin: hub.identity.pin, certificate: hub.identity.certificate }))
      // Trusted: what comes back is the hub's own answer.
      expect((yield* reach(hub.address, trust)).message).toBe("node web-1 is offline")
    }),
  )

  it.scopedLive("refuses a hub with another key, and says both", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const other = (yield* generateTlsIdentity([], new Date())).pin
      const error = yield* Effect.flip(learnHubTrust(hub.address, Option.some(other)))
      expect(error._tag).toBe("HubNotTrusted")
      expect(error.message).toContain(`the hub's key is ${hub.identity.pin}, not the pinned ${other}`)
    }),
  )

  it.scopedLive("with the certificate of another hub does not connect later either", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const other = yield* generateTlsIdentity([], new Date())
      const trust = HubTrust.Pinned({ pin: other.pin, certificate: other.certificate })
      expect((yield* reach(hub.address, trust))._tag).toBe("HubNotTrusted")
      const mixed = HubTrust.Pinned({ pin: other.pin, certificate: hub.identity.certificate })
      expect((yield* reach(hub.address, mixed))._tag).toBe("HubNotTrusted")
    }),
  )

  it.scopedLive("leaves it to the system's authorities where there is no pin: they do not know a self-signed hub", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const trust = yield* learnHubTrust(hub.address, Option.none())
      const error = yield* reach(hub.address, trust)
      expect(error._tag).toBe("HubNotTrusted")
      expect(error.message).toContain("give the pin")
    }),
  )

  it.scopedLive("says in one line that a hub is away, or is no TLS server", () =>
    Effect.gen(function* () {
      const free = yield* testHub().pipe(Effect.scoped)
      const away = yield* Effect.flip(learnHubTrust(free.address, Option.some(free.identity.pin)))
      expect(away.message).toContain("nothing listens there")
      const plain = yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((socket) => socket.end("hello\n"))
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close()),
      )
      const { port } = plain.address() as { port: number }
      const wrong = yield* Effect.flip(learnHubTrust({ ...free.address, port }, Option.some(free.identity.pin)))
      expect(wrong._tag).toBe("HubUnreachable")
    }),
  )
})

describe("the hub's own certificate", () => {
  it.effect("has a pin of one form, and goes with its own key alone", () =>
    Effect.gen(function* () {
      const one = yield* generateTlsIdentity(["2001:db8::5", "hub.example.com"], new Date())
      const other = yield* generateTlsIdentity([], new Date())
      expect(one.pin).toMatch(/^sha256:[0-9a-f]{64}$/)
      expect(pinOf(one.certificate)).toBe(one.pin)
      expect(() => HubPin.make(one.pin.toUpperCase())).toThrow()
      yield* tlsIdentityFromPem(one.certificate, one.privateKey)
      const error = yield* Effect.flip(tlsIdentityFromPem(one.certificate, other.privateKey))
      expect(error.message).toContain("the TLS certificate or key cannot be used")
    }),
  )
})
