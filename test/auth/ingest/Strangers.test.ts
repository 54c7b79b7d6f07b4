import { connect, type Socket } from "node:net"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { joined } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"
import { ingestHub } from "./support/IngestHub.ts"
import { callAs, callWith } from "./support/TestCall.ts"
import { readStored, sessionsOf } from "./support/TestSession.ts"

const limitMs = 400

/** The client's connection preface, and empty settings (RFC 9113, 3.4). */
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])

const connected = (port: number, bytes: Buffer) =>
  Effect.acquireRelease(
    Effect.async<Socket>((resume) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(bytes)
        resume(Effect.succeed(socket))
      })
      socket.on("error", () => {})
      socket.resume()
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  )

const closed = (socket: Socket) =>
  Effect.async<void>((resume) => {
    if (socket.closed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
  }).pipe(Effect.timeout("5 seconds"))

it.scopedLive("HTTP/2 connections of nobody are cut off, however lively; a node's may rest", () =>
  Effect.gen(function* () {
    const hub = yield* ingestHub(yield* temporaryFolder, { strangerLimitMs: limitMs })
    const node = yield* hub.run(joined("web-1"))
    const session = (yield* hub.run(sessionsOf("alice")))()
    const call = yield* callAs(hub.port, node)
    call.send(session.header)
    yield* call.until(({ opened }) => opened === 1)

    const silent = yield* connected(hub.port, Buffer.alloc(0))
    const idle = yield* connected(hub.port, preface)
    const pinging = yield* connected(hub.port, preface)
    const ping = Buffer.concat([Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]), Buffer.alloc(8)])
    const timer = setInterval(() => pinging.write(ping), 50)
    yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(timer)))
    const liar = yield* callWith(hub.port, "nonsense")
    liar.send(session.header)
    expect((yield* liar.over).details).not.toBe("")
    const since = performance.now()
    yield* Effect.forEach([silent, idle, pinging], closed, { concurrency: "unbounded" })
    expect(performance.now() - since).toBeGreaterThan(limitMs / 4)

    call.send(...session.frames, session.end)
    expect(yield* call.over).toMatchObject({ code: 0 })
    expect(readStored(hub, session).shown).toBe(session.shown)
  }),
)
