import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Reason } from "../../src/domain/Lock.ts"

const isReason = Schema.is(Reason)

describe("a reason", () => {
  it.each(["", "laptop stolen", "Störung im Büro, 盗まれた 🔒", "👩‍💻", "x".repeat(200), "🔒".repeat(200)])(
    "may be %j",
    (text) => {
      expect(isReason(text)).toBe(true)
    },
  )

  it.each([
    ["a line's end", "a\nb"],
    ["a carriage's return", "a\rb"],
    ["an escape", "\u001b[2J"],
    ["a control of eight bits", "\u009b2J"],
    ["DEL", "a\u007f"],
    ["separators of lines", "a\u2028b\u2029"],
    ["what turns the direction of writing", "fine\u202eesuoh"],
    ["half a character", "\ud800"],
    ["too much", "x".repeat(201)],
  ])("holds no %s", (_, text) => {
    expect(isReason(text)).toBe(false)
  })
})
