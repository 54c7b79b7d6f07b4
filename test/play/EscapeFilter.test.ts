import { it } from "@effect/vitest"
import { FastCheck } from "effect"
import { describe, expect } from "vitest"
import { EscapeFilter } from "../../src/play/EscapeFilter.ts"

const bytes = (text: string) => Buffer.from(text, "utf8")
const filtered = (input: Uint8Array): string => Buffer.from(new EscapeFilter().filter(input)).toString("utf8")
const filterText = (text: string): string => filtered(bytes(text))

const cutInto = (input: Uint8Array, cuts: ReadonlyArray<number>): string => {
  const filter = new EscapeFilter()
  const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b)
  const parts = [0, ...places].map((start, index) =>
    filter.filter(input.subarray(start, places[index] ?? input.length)),
  )
  return Buffer.concat(parts).toString("utf8")
}

const dangerous = [
  ["clipboard (OSC 52)", "\x1b]52;c;ZXZpbA==\x07"],
  ["clipboard, ended by ST", "\x1b]52;c;ZXZpbA==\x1b\\"],
  ["title", "\x1b]0;owned\x07"],
  ["hyperlink", "\x1b]8;;http://evil\x1b\\"],
  ["palette query", "\x1b]4;1;?\x07"],
  ["DA", "\x1b[c"],
  ["DA2", "\x1b[>c"],
  ["DA3", "\x1b[=c"],
  ["DSR", "\x1b[6n"],
  ["DECID", "\x1bZ"],
  ["DECRQM", "\x1b[?2026$p"],
  ["DECRQSS", "\x1bP$qm\x1b\\"],
  ["XTGETTCAP", "\x1bP+q544e\x1b\\"],
  ["ENQ", "\x05"],
  ["window report", "\x1b[21t"],
  ["window resize", "\x1b[8;10;10t"],
  ["printer", "\x1b[5i"],
  ["mouse", "\x1b[?1003h"],
  ["focus", "\x1b[?1004h"],
  ["bracketed paste", "\x1b[?2004h"],
  ["application cursor keys", "\x1b[?1h"],
  ["modifyOtherKeys", "\x1b[>4;2m"],
  ["kitty keyboard", "\x1b[>1u"],
  ["APC", "\x1b_Ga=q;AAAA\x1b\\"],
  ["PM", "\x1b^x\x1b\\"],
  ["SOS", "\x1bXx\x1b\\"],
  ["8-bit CSI as a character", "\u009bc"],
  ["8-bit OSC as a character", "\u009d52;c;AAAA\u009c"],
  ["highlight mouse tracking", "\x1b[1;2;3;4;5T"],
  ["bell", "\x07"],
] as const

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be let out
const forbidden = /\x1b[\]PX^_Z]|\x1b\[[<=>]|\x1b\[[0-?]*[cntix]|[\x00-\x07\x10-\x1a\x1c-\x1f\x7f\u0080-\u009f]/

describe("EscapeFilter", () => {
  it.each(dangerous)("drops %s, whole, and nothing beside it", (_, sequence) => {
    expect(filterText(`before${sequence}after`)).toBe("beforeafter")
  })

  it.each(dangerous)("drops %s cut anywhere", (_, sequence) => {
    const input = bytes(`a${sequence}z`)
    for (let cut = 0; cut <= input.length; cut++) expect(cutInto(input, [cut])).toBe("az")
  })

  it("lets drawing through as it is", () => {
    const drawing =
      "\x1b[1;31mred\x1b[0m\r\n\x1b[2J\x1b[H\x1b[10;20H\x1b[38;2;1;2;3mx\x1b[?1049h\x1b[?25l\x1b[2;5r\x1b(0qq\x1b(B\x1b7\x1b8\x1bM\x1b[4 q日本é"
    expect(filterText(drawing)).toBe(drawing)
  })

  it("keeps of several modes those that draw", () => {
    expect(filterText("\x1b[?25;1003;1049h")).toBe("\x1b[?25;1049h")
  })

  it("hides nothing behind invalid UTF-8", () => {
    expect(filtered(Buffer.from("61909d9b630a", "hex"))).toBe("a\u{fffd}\u{fffd}\u{fffd}c\n")
    expect(filtered(Buffer.from("61c30a62", "hex"))).toBe("a\u{fffd}\nb")
  })

  it("takes a character for no control, whatever its bytes are", () => {
    expect(filterText("\u6c1b\u015bc")).toBe("\u6c1b\u015bc")
  })

  it.prop(
    "does not depend on where chunks are cut",
    [FastCheck.uint8Array({ maxLength: 200 }), FastCheck.array(FastCheck.nat())],
    ([input, cuts]) => {
      expect(cutInto(input, cuts)).toBe(filtered(input))
    },
  )

  const soup = FastCheck.array(
    FastCheck.oneof(
      FastCheck.constantFrom(
        "\x1b",
        "[",
        "]",
        "P",
        "_",
        "?",
        "52;c;",
        "c",
        "n",
        "$",
        "q",
        "\x07",
        "\x1b\\",
        "h",
        "m",
        "\x18",
        "é",
        "\u009b",
        "\u009d",
      ),
      FastCheck.string({ maxLength: 3 }),
    ),
    { maxLength: 60 },
  ).map((parts) => parts.join(""))

  it.prop("filters what it let through no further", [soup], ([text]) => {
    const once = filterText(text)
    expect(filterText(once)).toBe(once)
  })

  it.prop("never lets a query, a string or an unknown control out", [soup], ([text]) => {
    const out = filterText(text)
    expect(out).not.toMatch(forbidden)
  })

  it("gives the terminal back as it was found", () => {
    const filter = new EscapeFilter()
    filter.filter(bytes("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2;5r\x1b[31m"))
    const reset = filter.reset()
    for (const undone of ["\x1b[?1049l", "\x1b[?25h", "\x1b[?7h", "\x1b[r", "\x1b[0m"]) expect(reset).toContain(undone)
    expect(new EscapeFilter().reset()).not.toContain("1049")
  })
})
