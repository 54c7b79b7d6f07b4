import { describe, expect, it } from "@effect/vitest"
import { FastCheck, Option } from "effect"
import { toBase32 } from "../../../src/auth/identities/Base32.ts"
import { totpCode, totpStep, totpStepOf } from "../../../src/auth/identities/Totp.ts"

/** The secret of RFC 6238, appendix B, for SHA-1. */
const secret = Buffer.from("12345678901234567890")

describe("a one-time password", () => {
  it.each([
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_111_111_111, "050471"],
    [1_234_567_890, "005924"],
    [2_000_000_000, "279037"],
    [20_000_000_000, "353130"],
  ])("is that of RFC 6238, appendix B, at %i s", (seconds, code) => {
    expect(totpCode(secret, totpStep(seconds * 1000))).toBe(code)
  })

  it("is good in its step, the one before and the one after", () => {
    const [now, step] = [1_234_567_890_000, totpStep(1_234_567_890_000)]
    const found = [-3, -2, -1, 0, 1, 2].map((off) => totpStepOf(secret, totpCode(secret, step + off), now))
    const near = [-1, 0, 1].map((off) => Option.some(step + off))
    expect(found).toEqual([Option.none(), Option.none(), ...near, Option.none()])
  })

  it.prop("is six digits and nothing else", { text: FastCheck.string() }, ({ text }) => {
    for (const code of [text, ` ${text}`, "", "28708", "2870821", "28708２", "-287082"]) {
      expect(totpStepOf(secret, code, 59_000)).toEqual(Option.none())
    }
    expect(totpStepOf(secret, "287082", 59_000)).toEqual(Option.some(1))
  })
})

describe("base 32", () => {
  it.each([
    ["", ""],
    ["f", "MY"],
    ["fo", "MZXQ"],
    ["foo", "MZXW6"],
    ["foob", "MZXW6YQ"],
    ["fooba", "MZXW6YTB"],
    ["foobar", "MZXW6YTBOI"],
  ])("of %j is as in RFC 4648, section 10, without padding", (text, encoded) => {
    expect(toBase32(Buffer.from(text))).toBe(encoded)
  })
})
