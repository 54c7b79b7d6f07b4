import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, FastCheck } from "effect"
import { hubAuthority, parseHubAddress, showHubAddress } from "../../src/api/HubAddress.ts"

const parse = (text: string) => Either.getOrUndefined(parseHubAddress(text))

describe("parseHubAddress", () => {
  it("reads names and addresses, with and without a port", () => {
    expect(parse("hub.example.com")).toEqual({ host: "hub.example.com", port: 3080, tls: true })
    expect(parse("10.0.0.1:443")).toEqual({ host: "10.0.0.1", port: 443, tls: true })
    expect(parse("https://hub:8443/")).toEqual({ host: "hub", port: 8443, tls: true })
    expect(parse("[2001:db8::1]:3080")).toEqual({ host: "2001:db8::1", port: 3080, tls: true })
  })

  it("takes plain HTTP on loopback only, and only where it is written", () => {
    expect(parse("http://127.0.0.1:3080")).toEqual({ host: "127.0.0.1", port: 3080, tls: false })
    expect(parse("http://localhost:1")?.tls).toBe(false)
    expect(parse("127.0.0.1:3080")?.tls).toBe(true)
    const refused = Either.flip(parseHubAddress("http://hub.example.com:3080"))
    expect(Either.getOrThrow(refused).message).toContain("on loopback only; write https://hub.example.com:3080")
  })

  it.each(["", ":3080", "hub:0", "hub:65536", "hub:x", "ftp://hub", "hub/path", "a b", "[::1", "user@hub", "hub:1:2"])(
    "refuses %j",
    (text) => expect(Either.isLeft(parseHubAddress(text))).toBe(true),
  )

  it.effect.prop(
    "reads back what it shows",
    { port: FastCheck.integer({ min: 1, max: 65_535 }), six: FastCheck.boolean() },
    ({ port, six }) =>
      Effect.sync(() => {
        const address = { host: six ? "::1" : "hub", port, tls: !six }
        expect(parse(showHubAddress(address))).toEqual(address)
        expect(parse(hubAuthority(address))).toEqual({ ...address, tls: true })
      }),
  )

  it.effect.prop("never throws", { text: FastCheck.string({ maxLength: 300 }) }, ({ text }) =>
    Effect.sync(() => void parseHubAddress(text)),
  )
})
