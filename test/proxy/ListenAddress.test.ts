import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Option } from "effect"
import { parseListenAddress, showListenAddress } from "../../src/proxy/ListenAddress.ts"
import { listen } from "../../src/proxy/Listener.ts"
import { nodeOfTarget } from "../../src/proxy/NodeOfTarget.ts"
import { testHub } from "./TestHub.ts"

describe("parseListenAddress", () => {
  it.each([
    ["0.0.0.0:3080", "0.0.0.0:3080"],
    [":3080", "[::]:3080"],
    ["[::1]:0", "[::1]:0"],
    ["hub.internal:443", "hub.internal:443"],
  ])("reads %s", (text, shown) =>
    expect(Either.map(parseListenAddress(text), showListenAddress)).toEqual(Either.right(shown)),
  )

  it.each(["", "3080", "host", "host:", "host:70000", "http://host:1", "::1:3080"])("refuses %j", (text) =>
    expect(Either.isLeft(parseListenAddress(text))).toBe(true),
  )
})

describe("listen", () => {
  it.scopedLive("says which address is taken", () =>
    Effect.gen(function* () {
      const { address } = yield* testHub()
      const again = { address, tls: Option.none(), onRequest: () => {}, upgrades: {}, onHttp2: () => {} }
      const error = yield* Effect.flip(listen(again))
      expect(error.message).toBe(`cannot listen at 127.0.0.1:${address.port}: another program listens there`)
    }),
  )
})

describe("nodeOfTarget", () => {
  it("takes the name with and without the cluster's, and knows what is no name", () => {
    expect(nodeOfTarget("web-1", "prod")).toEqual(Option.some("web-1"))
    expect(nodeOfTarget("Web-1.PROD", "prod")).toEqual(Option.some("web-1"))
    expect(nodeOfTarget("a.b.prod", "prod")).toEqual(Option.some("a.b"))
    expect(nodeOfTarget(".prod", "prod")).toEqual(Option.none())
    expect(nodeOfTarget("a/../b", "prod")).toEqual(Option.none())
  })
})
