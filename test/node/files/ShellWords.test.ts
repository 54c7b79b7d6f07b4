import { execFileSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { FastCheck, Option } from "effect"
import { shellWords } from "../../../src/node/files/ShellWords.ts"

const texts = (command: string) =>
  Option.getOrUndefined(Option.map(shellWords(command), (words) => words.map(({ text }) => text)))

/** What a POSIX shell makes of it, NUL after each word. */
const byShell = (command: string): ReadonlyArray<string> =>
  execFileSync("dash", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8", cwd: "/proc/self/fdinfo" })
    .split("\0")
    .slice(0, -1)

describe("a command's words", () => {
  it.each([
    ["scp -t /tmp/x", ["scp", "-t", "/tmp/x"]],
    ["  scp\t-f  'a b'", ["scp", "-f", "a b"]],
    [String.raw`scp -t a\ b\$c`, ["scp", "-t", "a b$c"]],
    [String.raw`scp -f "a b\"c\d\\"`, ["scp", "-f", 'a b"c\\d\\']],
    [`scp -f 'it'"'"'s'`, ["scp", "-f", "it's"]],
    ["scp -f ''", ["scp", "-f", ""]],
    ["scp -t Bücher/日本", ["scp", "-t", "Bücher/日本"]],
    [String.raw`rsync --server . \*\?\[a\]`, ["rsync", "--server", ".", "*?[a]"]],
  ])("%s", (command, words) => {
    expect(texts(command)).toEqual(words)
  })

  it("know a home from a name with a tilde", () => {
    expect(shellWords("scp -t ~/x")).toEqual(
      Option.some([
        { text: "scp", fromHome: false },
        { text: "-t", fromHome: false },
        { text: "~/x", fromHome: true },
      ]),
    )
    expect(Option.getOrThrow(shellWords("a '~/x'"))[1]).toEqual({ text: "~/x", fromHome: false })
    expect(texts("scp -t ~root/x")).toBeUndefined()
  })

  it.each([
    "scp -t x; bash",
    "scp -t $(bash)",
    "scp -t `bash`",
    'scp -t "$(bash)"',
    'scp -t "`bash`"',
    "scp -t x | sh",
    "scp -t x && sh",
    "scp -t x &",
    "scp -t <(bash)",
    "scp -t x > y",
    "scp -t *.log",
    "scp -t a?b",
    "scp -t [ab]",
    "scp -t {a,b}",
    "scp -t $HOME",
    `scp -t $${"{IFS}"}`,
    "scp -t x\nbash",
    "scp -t x\r",
    "scp -t 'x\nbash'",
    "scp -t x # comment",
    "scp -t 'x",
    'scp -t "x',
    "scp -t x\\",
    "scp -t !!",
    "scp -t a^b",
    "scp -t x\0y",
    "scp -t \ufffd",
    "(scp -t x)",
    "{ scp -t x; }",
  ])("are none in %j", (command) => {
    expect(texts(command)).toBeUndefined()
  })

  it("are what a shell makes of them, whatever is tried", () => {
    const piece = FastCheck.constantFrom(
      ..."ab ~/'\"\\-=.$`*?[];|&<>(){}#!\t".split(""),
      "ü",
      "~/",
      "\\ ",
      "' '",
      '"a"',
    )
    const command = FastCheck.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""))
    FastCheck.assert(
      FastCheck.property(command, (tried) => {
        const words = shellWords(tried)
        if (Option.isNone(words) || words.value.length === 0) return
        const home = process.env.HOME ?? ""
        const expected = words.value.map(({ text, fromHome }) => (fromHome ? home + text.slice(1) : text))
        expect(byShell(tried)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})
