import { expect, it } from "vitest"
import { KnownHubs } from "../../../src/agent/tunnel/KnownHubs.ts"
import { showHubAddress } from "../../../src/api/HubAddress.ts"
import { HubId } from "../../../src/domain/Identifiers.ts"

const balancer = { host: "hub.example", port: 443, tls: true }
const [a, b] = [HubId.make("00000000-0000-4000-8000-00000000000a"), HubId.make("00000000-0000-4000-8000-00000000000b")]
const both = [
  { id: a, address: "a.example:3080" },
  { id: b, address: "b.example:3080" },
]
const shown = (hubs: KnownHubs) => hubs.missing.map(showHubAddress)

it("wants one connection to each hub, by whatever address it is reached", () => {
  const hubs = new KnownHubs([balancer])
  hubs.connected("hub.example:443")
  hubs.told("hub.example:443", { self: a, hubs: both })
  expect(shown(hubs)).toEqual(["b.example:3080"])
  hubs.connected("b.example:3080")
  hubs.told("b.example:3080", { self: b, hubs: both })
  expect(shown(hubs)).toEqual([])
  hubs.disconnected("hub.example:443")
  expect(shown(hubs)).toEqual(["a.example:3080"])
  // Where there is a way in, the balancer would lead to a hub that it is connected to already.
  expect([hubs.isWanted("hub.example:443"), hubs.isWanted("a.example:3080")]).toEqual([false, true])
  hubs.disconnected("b.example:3080")
  expect(hubs.isWanted("hub.example:443")).toBe(true)
})

it("tries no more where a hub is gone for good, and again when it is told of anew", () => {
  const hubs = new KnownHubs([{ host: "a.example", port: 3080, tls: true }])
  hubs.connected("a.example:3080")
  hubs.told("a.example:3080", { self: a, hubs: both })
  expect(hubs.isWanted("b.example:3080")).toBe(true)
  hubs.told("a.example:3080", { self: a, hubs: both.slice(0, 1) })
  expect([hubs.isWanted("b.example:3080"), shown(hubs)]).toEqual([false, []])
  hubs.told("a.example:3080", { self: a, hubs: both })
  expect([hubs.isWanted("b.example:3080"), shown(hubs)]).toEqual([true, ["b.example:3080"]])
})

it("names those first that it is connected to, and dials nothing that is no address", () => {
  const hubs = new KnownHubs([balancer])
  hubs.connected("b.example:3080")
  hubs.told("b.example:3080", { self: b, hubs: [...both, { id: a, address: "http://10.0.0.1:1" }] })
  expect(hubs.inOrder.map(showHubAddress)).toEqual(["b.example:3080", "hub.example:443", "a.example:3080"])
})
