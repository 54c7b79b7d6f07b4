import { randomBytes } from "node:crypto"
import type { Duplex } from "node:stream"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { connectThroughHub } from "../../src/api/ConnectThroughHub.ts"
import { echo, onlineAgent } from "./TestAgent.ts"
import { testHub, userToken } from "./TestHub.ts"

const readAll = (stream: Duplex) =>
  Effect.async<Buffer, Error>((resume) => {
    const parts: Array<Buffer> = []
    stream.on("data", (part: Buffer) => parts.push(part))
    stream.once("end", () => resume(Effect.succeed(Buffer.concat(parts))))
    stream.once("error", (error) => resume(Effect.fail(error)))
  })

describe("tunnels", () => {
  it.scopedLive("carry bytes both ways, and the end of each side", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      yield* onlineAgent(hub, echo)
      const stream = yield* connectThroughHub({
        hub: hub.address,
        trust: hub.trust,
        token: yield* userToken(),
        node: "web-1.test",
      })
      const sent = randomBytes(3_000_000)
      stream.end(sent)
      const received = yield* readAll(stream)
      expect(received.equals(sent)).toBe(true)
    }),
  )
})
