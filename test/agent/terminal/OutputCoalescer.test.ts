import { FastCheck } from "effect"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { OutputCoalescer } from "../../../src/agent/terminal/OutputCoalescer.ts"

const text = (coalescer: OutputCoalescer) =>
  coalescer.take().map(({ stream, bytes }) => `${stream}:${Buffer.from(bytes).toString("latin1")}`)

describe("OutputCoalescer", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }))
  afterEach(() => void vi.useRealTimers())

  it("hands on at once what comes after a silence, and gathers what follows for a millisecond", () => {
    let ready = 0
    const coalescer = new OutputCoalescer(() => ready++)
    coalescer.push("output", Buffer.from("a"))
    expect(text(coalescer)).toEqual(["output:a"])
    coalescer.push("output", Buffer.from("b"))
    coalescer.push("output", Buffer.from("c"))
    expect(text(coalescer)).toEqual([])
    vi.advanceTimersByTime(1)
    expect(text(coalescer)).toEqual(["output:bc"])
    vi.advanceTimersByTime(4)
    coalescer.push("output", Buffer.from("d"))
    expect(text(coalescer)).toEqual(["output:d"])
    expect(ready).toBe(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("hands on a full batch without a timer, and keeps the rest", () => {
    const coalescer = new OutputCoalescer(() => undefined)
    coalescer.push("output", Buffer.from("x"))
    coalescer.take()
    coalescer.push("output", Buffer.alloc(40_000))
    expect(coalescer.take().map(({ bytes }) => bytes.length)).toEqual([32_768])
    expect(coalescer.held).toBe(40_000 - 32_768)
  })

  it("goes on gathering while nobody waits, and then gives all at once", () => {
    let awaited = true
    const coalescer = new OutputCoalescer(
      () => undefined,
      () => awaited,
    )
    coalescer.push("output", Buffer.from("a"))
    coalescer.take()
    awaited = false
    coalescer.push("output", Buffer.from("b"))
    vi.advanceTimersByTime(3)
    coalescer.push("output", Buffer.from("c"))
    vi.advanceTimersByTime(3)
    expect(text(coalescer)).toEqual(["output:bc"])
    coalescer.push("output", Buffer.from("d"))
    expect(text(coalescer)).toEqual([])
    awaited = true
    vi.advanceTimersByTime(1)
    expect(text(coalescer)).toEqual(["output:d"])
  })

  it("keeps a copy: the caller's buffer is used again", () => {
    const coalescer = new OutputCoalescer(() => undefined)
    const buffer = Buffer.from("one")
    coalescer.push("output", buffer)
    buffer.write("two")
    expect(text(coalescer)).toEqual(["output:one"])
  })

  it("says when there is no room, until it is emptied", () => {
    const coalescer = new OutputCoalescer(() => undefined)
    expect(coalescer.push("output", Buffer.alloc(65_535))).toBe(true)
    expect(coalescer.push("output", Buffer.alloc(1))).toBe(false)
    coalescer.flush()
    coalescer.take()
    expect(coalescer.hasRoom).toBe(true)
  })

  it("keeps every byte and the order of both streams, however they are cut", () => {
    const write = FastCheck.record({
      stream: FastCheck.constantFrom("output" as const, "stderr" as const),
      bytes: FastCheck.uint8Array({ minLength: 1, maxLength: 20 }),
      pause: FastCheck.constantFrom(0, 0, 1, 5),
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(write, { maxLength: 60 }), (writes) => {
        const limits = { batchBytes: 16, heldBytes: 64, idleMs: 4, delayMs: 1 }
        const coalescer = new OutputCoalescer(
          () => undefined,
          () => true,
          limits,
        )
        const seen: Array<string> = []
        for (const { stream, bytes, pause } of writes) {
          coalescer.push(stream, bytes)
          vi.advanceTimersByTime(pause)
        }
        coalescer.flush()
        for (const { stream, bytes } of coalescer.take()) {
          expect(bytes.length).toBeGreaterThan(0)
          expect(bytes.length).toBeLessThanOrEqual(16)
          seen.push(...[...bytes].map((byte) => `${stream}${byte}`))
        }
        expect(seen).toEqual(writes.flatMap(({ stream, bytes }) => [...bytes].map((byte) => `${stream}${byte}`)))
        expect(coalescer.held).toBe(0)
        coalescer.close()
      }),
    )
  })
})
