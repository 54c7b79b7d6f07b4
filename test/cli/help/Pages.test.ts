import { PassThrough } from "node:stream"
import { NodeContext } from "@effect/platform-node"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { mezctlCommand, mezctlForms } from "../../../src/cli/mezctl/mezctlCommand.ts"
import { mshCommand, mshForms } from "../../../src/cli/msh/mshCommand.ts"
import { runCommandLine } from "../../../src/cli/runCommandLine.ts"
import { Stdio } from "../../../src/cli/Stdio.ts"

/** What a program prints for these words, within this process. */
const shown = async (name: string, words: ReadonlyArray<string>): Promise<string> => {
  const stdout = new PassThrough()
  const stdio = Stdio.of({
    stdin: process.stdin,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: process.stderr,
    env: {},
    program: name,
    onSignal: () => () => undefined,
    onExit: () => () => undefined,
    suspend: () => undefined,
  })
  const run =
    name === "msh"
      ? runCommandLine({ name, version: "1", command: mshCommand, forms: mshForms }, words)
      : runCommandLine({ name, version: "1", command: mezctlCommand, forms: mezctlForms }, words)
  const code = await Effect.runPromise(Effect.provide(Effect.provideService(run, Stdio, stdio), NodeContext.layer))
  expect([words, code]).toEqual([words, 0])
  return stdout.read().toString()
}

/** The names that a page lists under a heading. */
const listed = (page: string, heading: string): ReadonlyArray<string> => {
  const [, lines = ""] = new RegExp(`\n\n${heading}:\n((?:  .*\n)+)`).exec(page) ?? []
  return [...lines.matchAll(/^ {2}(\S.*?)(?: {2,}.*)?$/gm)].map(([, term = ""]) => term)
}

describe.each(["msh", "mezctl"])("%s --help", (name) => {
  it("of each command names it whole, says something of every option, and fits a terminal", async () => {
    const root = await shown(name, ["--help"])
    const commands = listed(root, "Commands").map((command) => command.split(" "))
    const groups = commands.flatMap(([group = "", ...more]) => (more.length === 0 ? [] : [[group]]))
    expect(commands.length).toBeGreaterThan(8)
    for (const words of [...commands, ...groups]) {
      const page = await shown(name, [...words, "--help"])
      expect(page.startsWith(`Usage: ${name} ${words.join(" ")}`)).toBe(true)
      const wide = `${root}${page}`.split("\n").filter((line) => line.length > 80)
      const unsaid = listed(page, "Options").filter(
        (option) => page.includes(`\n  ${option}\n  -`) || page.endsWith(`\n  ${option}\n`),
      )
      expect({ words, wide, unsaid }).toEqual({ words, wide: [], unsaid: [] })
    }
  })
})
