import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { afterEach, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { keepWarm } from "../../../src/api/transport/Heartbeat.ts"
import { Relay } from "../../e2e/support/Relay.ts"

const heartbeat = { intervalMs: 20, deadAfterMs: 300 }
const longerMs = 3 * heartbeat.deadAfterMs

let close: Array<() => void> = []
afterEach(() => {
  for (const one of close) one()
  close = []
})

/** Two ends of a connection through a network that can be bad. */
const connection = async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
  await once(server, "listening")
  const relay = await Relay.start((server.address() as AddressInfo).port)
  const near = new WebSocket(`ws://${relay.address}`)
  const [[far]] = (await Promise.all([once(server, "connection"), once(near, "open")])) as [[WebSocket], unknown]
  close.push(
    () => near.terminate(),
    () => relay.close(),
    () => server.close(),
  )
  return { near, far, relay }
}

const closed = (socket: WebSocket) => once(socket, "close", { signal: AbortSignal.timeout(10_000) })

const waits = (ms: number) => new Promise((resume) => setTimeout(resume, ms))

it("a connection in use whose peer has vanished is cut at both ends", async () => {
  const { near, far, relay } = await connection()
  keepWarm(near, heartbeat)
  keepWarm(far, heartbeat)
  const both = Promise.all([closed(near), closed(far)])
  relay.stall()
  const [[code]] = await both
  expect(code).toBe(1006)
})

it("a connection that is idle, or whose reader holds it up, is not", async () => {
  const { near, far } = await connection()
  keepWarm(near, heartbeat)
  keepWarm(far, heartbeat)
  await waits(longerMs)
  // It answers no ping now, and hears none.
  far.pause()
  near.send("held up")
  await waits(longerMs)
  expect([near.readyState, far.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN])
  const heard = once(far, "message", { signal: AbortSignal.timeout(10_000) })
  far.resume()
  expect(`${(await heard)[0]}`).toBe("held up")
})

it("a process that stood still listens before it takes its peer for dead", async () => {
  const { near, far } = await connection()
  keepWarm(near, heartbeat)
  keepWarm(far, heartbeat)
  const until = performance.now() + longerMs
  while (performance.now() < until);
  await waits(heartbeat.deadAfterMs)
  expect([near.readyState, far.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN])
})
