import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { escapeText } from "../../src/domain/escapeText.ts"

it("keeps what is printable, and shows every byte of what is not", () => {
  expect(escapeText("/home/alice/Bücher und 日本.txt")).toBe("/home/alice/Bücher und 日本.txt")
  expect(escapeText('a\nTIME  TYPE  USER\r\x1b[2Jb\\x0a"')).toBe('a\\x0aTIME  TYPE  USER\\x0d\\x1b[2Jb\\\\x0a"')
  expect(escapeText("\u202egpj.exe\u2028")).toBe("\\xe2\\x80\\xaegpj.exe\\xe2\\x80\\xa8")
  expect(escapeText(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0x5c]))).toBe("a\\xff\\xc3(\\\\")
})

it("cuts what is long between characters, and says how long it was", () => {
  const long = escapeText("\x01".repeat(5000))
  expect(long).toMatch(/^(\\x01)+\\\.\.\.5000 bytes$/)
  expect(escapeText("\\".repeat(5000))).toMatch(/^(\\\\)+\\\.\.\.5000 bytes$/)
  expect(escapeText("😀".repeat(600)).replace("\\...2400 bytes", "").replaceAll("😀", "")).toBe("")
  expect(escapeText("a".repeat(5000))).toHaveLength(1024 + "\\...5000 bytes".length)
})

it("gives one line, and no two texts the same", () => {
  const bytes = FastCheck.uint8Array({ maxLength: 200 })
  FastCheck.assert(
    FastCheck.property(bytes, bytes, (one, other) => {
      expect(escapeText(one)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect(escapeText(one) === escapeText(other)).toBe(Buffer.from(one).equals(Buffer.from(other)))
    }),
  )
})
