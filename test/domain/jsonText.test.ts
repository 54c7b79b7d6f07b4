import { it } from "@effect/vitest"
import { FastCheck } from "effect"
import { describe, expect } from "vitest"
import { jsonText } from "../../src/domain/jsonText.ts"

describe("jsonText", () => {
  it.prop(
    "gives back what was put in, and holds nothing that a terminal acts on",
    [FastCheck.jsonValue()],
    ([value]) => {
      expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)))
    },
  )

  it.prop("of any text", [FastCheck.string({ unit: "binary" })], ([text]) => {
    const json = jsonText([text, "\u009b31m\u007f\u202e\u{e0001}"])
    expect(JSON.parse(json)).toEqual([text, "\u009b31m\u007f\u202e\u{e0001}"])
    expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  })
})
