import { Duplex } from "node:stream"
import { describe, expect, it } from "vitest"
import { TransportGate } from "../../src/ssh/internal/TransportGate.ts"

const mebibyte = 1024 * 1024

/** A transport that takes `highWaterMark` bytes before it is full, and passes them on when it is told to. */
const transport = (highWaterMark: number) => {
  const held: Array<() => void> = []
  const stream = new Duplex({
    highWaterMark,
    read: () => undefined,
    write: (_chunk, _encoding, done) => void held.push(done),
  })
  return { stream, gate: new TransportGate(stream), pass: () => held.shift()?.() }
}

describe("a gate before a transport", () => {
  it.each([
    ["that is full at once", 16 * 1024],
    ["that takes more than the gate", 2 * mebibyte],
  ])("%s holds writers back no longer than there is a drain to come", async (_, highWaterMark) => {
    const { stream, gate, pass } = transport(highWaterMark)
    const passed: Array<string> = []
    const write = (name: string, bytes: number) => {
      const goesOn = stream.write(Buffer.alloc(bytes))
      gate.whenReady(() => passed.push(name))
      return goesOn
    }
    write("little", 1024)
    expect(passed).toEqual(["little"])
    // With no drain to come nobody may wait for one.
    expect(write("much", 1.5 * mebibyte)).toBe(highWaterMark > 1.5 * mebibyte)
    expect(passed.includes("much")).toBe(highWaterMark > 1.5 * mebibyte)
    write("more", mebibyte)
    expect(passed).not.toContain("more")
    for (let writes = 0; writes < 3; writes += 1) {
      pass()
      await new Promise(setImmediate)
    }
    expect(passed).toEqual(["little", "much", "more"])
  })
})
