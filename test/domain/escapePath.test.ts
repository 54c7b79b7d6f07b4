import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { escapePath } from "../../src/domain/escapePath.ts"
import { escapeText } from "../../src/domain/escapeText.ts"

it("gives a path as it gives any text, and no part of it is cut off", () => {
  expect(escapePath("/home/alice/a\nb")).toBe("/home/alice/a\\x0ab")
  const hidden = `${"./".repeat(1400)}etc/shadow`
  expect(escapePath(hidden)).toBe(hidden)
  const longer = `${"\x01".repeat(250)}/../`.repeat(15)
  const [, bytes = ""] = /^\\base64:(.*)$/.exec(escapePath(`${longer}etc/shadow`)) ?? []
  expect(Buffer.from(bytes, "base64").toString()).toBe(`${longer}etc/shadow`)
  expect(escapePath("a".repeat(4096))).toBe(escapeText("a".repeat(4096)))
})

it("takes no more room in an event than that has for two of them", () => {
  const bytes = FastCheck.uint8Array({ minLength: 1000, maxLength: 5000 })
  const alike = FastCheck.tuple(FastCheck.constantFrom("\\", "\xff", "a", '"', "ü"), FastCheck.nat(5000)).map(
    ([text, count]) => Buffer.from(text.repeat(count), "latin1"),
  )
  FastCheck.assert(
    FastCheck.property(FastCheck.oneof(bytes, alike), (path) => {
      expect(JSON.stringify(escapePath(path)).length).toBeLessThanOrEqual(6146)
    }),
  )
})
