import { connect, createServer, type Server, type Socket } from "node:net"
import { Effect } from "effect"

/** A TCP relay between agent and hub, whose network the test governs. */
export const relay = Effect.gen(function* () {
  const pairs = new Set<readonly [Socket, Socket]>()
  const state = { target: undefined as number | undefined, bytes: 0, cutAfter: Number.POSITIVE_INFINITY }
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    pairs.clear()
  }
  const join = (near: Socket): void => {
    near.on("error", () => near.destroy())
    if (state.target === undefined) {
      near.destroy()
      return
    }
    const far = connect(state.target, "127.0.0.1")
    const pair = [near, far] as const
    pairs.add(pair)
    far.on("error", () => near.destroy())
    for (const [from, to] of [pair, [far, near] as const]) from.on("close", () => to.destroy())
    far.on("data", (bytes) => near.write(bytes))
    near.on("data", (bytes) => {
      state.bytes += bytes.length
      far.write(bytes)
      if (state.bytes < state.cutAfter) return
      state.cutAfter = Number.POSITIVE_INFINITY
      cut()
    })
  }
  const server = yield* Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const listening = createServer(join).listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.async<void>((resume) => {
        cut()
        listening.close(() => resume(Effect.void))
      }),
  )
  const address = server.address()
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    /** Bytes that went to the hub so far. */
    sent: (): number => state.bytes,
    /** New connections go there; undefined: there is no hub. */
    leadsTo: (port: number | undefined): void => {
      state.target = port
    },
    cut,
    /** Cuts everything once so many more bytes have gone to the hub. */
    cutAfter: (bytes: number): void => {
      state.cutAfter = state.bytes + bytes
    },
    /** Nothing passes any more, and nobody is told. */
    stall: (): void => {
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
  }
})
