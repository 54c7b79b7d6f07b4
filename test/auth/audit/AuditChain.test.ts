import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { type ChainedEvent, chainStart, digestOf, follow } from "../../../src/auth/audit/AuditChain.ts"
import { ulid } from "../../../src/auth/audit/Ulid.ts"

const text = FastCheck.option(FastCheck.string())
const content = FastCheck.record({
  id: FastCheck.uuid(),
  timeMs: FastCheck.nat(),
  type: FastCheck.constantFrom("user.login", "exec"),
  user: text,
  sessionId: text,
  node: text,
  login: text,
  remoteAddress: text,
  detail: FastCheck.json(),
})
const chainOf = (contents: ReadonlyArray<Omit<ChainedEvent, "seq">>) => {
  let digest = ""
  return contents.map((each, index) => {
    const event = { ...each, seq: index + 1 }
    digest = digestOf(event, digest)
    return { event, digest }
  })
}
const chains = FastCheck.array(content, { minLength: 2, maxLength: 12 }).map(chainOf)

it("a chain that nobody touched holds, in any batches", () =>
  FastCheck.assert(
    FastCheck.property(chains, FastCheck.nat(12), (events, cut) => {
      const first = follow(chainStart, events.slice(0, cut))
      const second = follow(first, events.slice(cut))
      const last = events.at(-1)
      expect(second).toEqual({
        head: { count: events.length, digest: last?.digest },
        lastId: last?.event.id,
        problem: null,
      })
    }),
  ))

it("names the event that was changed, whichever column it is", () =>
  FastCheck.assert(
    FastCheck.property(chains, FastCheck.nat(), FastCheck.nat(), (events, at, which) => {
      const index = at % events.length
      const columns = ["id", "timeMs", "type", "user", "sessionId", "node", "login", "remoteAddress", "detail"] as const
      const column = columns[which % columns.length] ?? "id"
      const forged = events.map((each, i) =>
        i === index
          ? {
              ...each,
              event: {
                ...each.event,
                [column]: column === "timeMs" ? each.event.timeMs + 1 : `${each.event[column]}x`,
              },
            }
          : each,
      )
      const { head, problem } = follow(chainStart, forged)
      expect(head.count).toBe(index)
      expect(problem).toMatch(
        new RegExp(`^event ${index + 1} \\(.* does not (begin the log|follow from event ${index} )`, "s"),
      )
      expect(problem).toContain(`(${forged[index]?.event.id})`)
    }),
  ))

it("names the event after one that was removed, and the first of two that were swapped", () =>
  FastCheck.assert(
    FastCheck.property(chains, FastCheck.nat(), (events, at) => {
      const index = at % (events.length - 1)
      const removed = events.filter((_, i) => i !== index)
      const next = `event ${index + 2} (${removed[index]?.event.id}) comes next`
      expect(follow(chainStart, removed).problem).toBe(`event ${index + 1} is missing: ${next}`)
      const [a, b] = [events[index], events[index + 1]]
      if (a === undefined || b === undefined) throw new Error("there are two events")
      const swapped = [...events.slice(0, index), b, a, ...events.slice(index + 2)]
      expect(follow(chainStart, swapped).problem).toContain(`(${b.event.id})`)
    }),
  ))

it("gives the ULID of the specification's example time", () => {
  expect(ulid(1_469_918_176_385, new Uint8Array(10))).toBe("01ARYZ6S410000000000000000")
  expect(ulid(0, new Uint8Array(10).fill(255))).toBe(`${"0".repeat(10)}${"Z".repeat(16)}`)
  expect(ulid(5)).not.toBe(ulid(5))
})
