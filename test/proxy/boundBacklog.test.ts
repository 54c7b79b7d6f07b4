import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket, WebSocketServer } from "ws"
import { boundBacklog } from "../../src/proxy/internal/boundBacklog.ts"
import { eventually } from "./TestAgent.ts"

const answer = Buffer.alloc(64 * 1024)
const asked = 2_000

/** A client that asks 2,000 times and reads nothing, and the server's end, which answers each with 64 KiB. */
const scene = (patienceMs?: number) =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.async<{ readonly http: ReturnType<typeof createServer>; readonly ws: WebSocketServer }>((resume) => {
        const http = createServer()
        const ws = new WebSocketServer({ server: http })
        http.listen(0, "127.0.0.1", () => resume(Effect.succeed({ http, ws })))
      }),
      ({ http, ws }) =>
        Effect.sync(() => {
          for (const client of ws.clients) client.terminate()
          http.close()
        }),
    )
    const seen = { asked: 0, mostBuffered: 0, closed: false }
    server.ws.on("connection", (socket) => {
      boundBacklog(socket, patienceMs)
      socket.on("message", () => {
        seen.asked += 1
        socket.send(answer)
        seen.mostBuffered = Math.max(seen.mostBuffered, socket.bufferedAmount)
      })
      socket.on("close", () => {
        seen.closed = true
      })
    })
    const { port } = server.http.address() as AddressInfo
    const client = yield* Effect.acquireRelease(
      Effect.async<WebSocket>((resume) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
        socket.on("error", () => {})
        socket.once("open", () => resume(Effect.succeed(socket)))
      }),
      (socket) => Effect.sync(() => socket.terminate()),
    )
    client.pause()
    // A question fills a segment: what one read brings must not be all of them.
    for (let i = 0; i < asked; i++) client.send(Buffer.alloc(4_096))
    return { client, seen }
  })

describe("a client that asks and does not read", () => {
  it.scopedLive("is answered as fast as it reads, with little held, and loses nothing", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scene()
      yield* eventually(
        "the server holds back",
        Effect.sync(() => seen.mostBuffered > 1024 ** 2),
      )
      let answers = 0
      client.on("message", () => {
        answers += 1
      })
      client.resume()
      yield* eventually(
        "all are answered",
        Effect.sync(() => answers === asked),
      )
      expect(seen.mostBuffered).toBeLessThan(8 * 1024 ** 2)
    }),
  )

  it.scopedLive("is cut off when it has read nothing for too long", () =>
    Effect.gen(function* () {
      const { seen } = yield* scene(300)
      yield* eventually(
        "it is cut off",
        Effect.sync(() => seen.closed),
      )
      expect(seen.asked).toBeLessThan(asked)
    }),
  )
})
