import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Fifo from "../../src/session/Fifo.ts"

describe("Fifo", () => {
  it("is a queue as an array is one, and leaves older versions of itself alone", () => {
    const steps = FastCheck.array(FastCheck.option(FastCheck.nat()), { maxLength: 100 })
    FastCheck.assert(
      FastCheck.property(steps, (values) => {
        let queue: Fifo.Fifo<number> = Fifo.empty
        let model: ReadonlyArray<number> = []
        const versions: Array<readonly [Fifo.Fifo<number>, ReadonlyArray<number>]> = []
        for (const value of values) {
          queue = value === null ? Fifo.rest(queue) : Fifo.add(queue, value)
          model = value === null ? model.slice(1) : [...model, value]
          versions.push([queue, model])
        }
        for (const [then, expected] of versions) {
          const found: Array<number | undefined> = []
          for (let left = then; left.size > 0; left = Fifo.rest(left)) found.push(Fifo.peek(left))
          expect(found).toEqual(expected)
        }
        expect(Fifo.peek(Fifo.rest(Fifo.empty))).toBeUndefined()
      }),
    )
  })
})
