import { Option } from "effect"
import { describe, expect, it } from "vitest"
import { agentCommand, agentCommands } from "../../src/bin/agent/agentCommand.ts"
import { hubCommand, hubCommands } from "../../src/bin/hub/hubCommand.ts"
import { answerHelp } from "../../src/cli/help/answerHelp.ts"
import { type CommandTree, commandTree } from "../../src/cli/help/CommandTree.ts"
import { mezctlCommand, mezctlCommands } from "../../src/cli/mezctl/mezctlCommand.ts"
import { mshCommand, mshCommands } from "../../src/cli/msh/mshCommand.ts"

const programs = [
  { command: mezctlCommand, commands: mezctlCommands },
  { command: mshCommand, commands: mshCommands },
  { command: agentCommand, commands: agentCommands },
  { command: hubCommand, commands: hubCommands },
]

/** A command and all below it, each with the words that name it from the first below the program on. */
const below = (
  tree: CommandTree,
  words: ReadonlyArray<string> = [],
): ReadonlyArray<[CommandTree, ReadonlyArray<string>]> => [
  [tree, words],
  ...tree.children.flatMap((child) => below(child, [...words, child.name])),
]

const everyPage = programs.flatMap(({ command, commands }) => {
  const tree = commandTree(command, commands)
  return below(tree).map(([{ help }, words]) => ({
    name: [tree.name, ...words].join(" "),
    command,
    commands,
    words,
    help,
  }))
})

const page = { width: 80, styled: false }

describe("help", () => {
  it.each(everyPage)(
    "of $name fits a terminal, and describes each option",
    ({ name, command, commands, words, help }) => {
      const text = Option.getOrThrow(answerHelp(command, commands, [...words, "--help"], page))
      const lines = text.split("\n")
      expect(lines.filter((line) => line.length > 80 || line !== line.trimEnd())).toEqual([])
      expect(lines.find((line) => line.startsWith(`  ${name}`))).toBeDefined()
      expect(text).not.toMatch(/user-defined|This setting/)
      for (const { parameter, description } of help.options) expect([parameter.names, description]).not.toContain("")
      expect(help.description).not.toBe("")
    },
  )

  it("lists every command of a program with what it does", () => {
    const text = Option.getOrThrow(answerHelp(mezctlCommand, mezctlCommands, ["-h"], page))
    for (const line of [
      "  users add            Create a user and print the one-time invite",
      "  locks rm             ",
    ]) {
      expect(text).toContain(line)
    }
    expect(text).toContain("  mezctl [--identity FILE] [--local] COMMAND …\n")
  })

  it("shows how a command is used", () => {
    const text = Option.getOrThrow(answerHelp(mezctlCommand, mezctlCommands, ["users", "add", "--help"], page))
    expect(text).toMatch(/^Create a user and print the one-time invite\n\nUsage\n/)
    expect(text).toContain("\n  mezctl users add --roles ROLE,… [--logins LOGIN,…] NAME\n")
    expect(text).toContain("\n  --logins LOGIN,…  the user's own accounts on nodes\n")
    const ssh = Option.getOrThrow(answerHelp(mshCommand, mshCommands, ["ssh", "-h"], page))
    expect(ssh).toContain("[-L [ADDRESS:]PORT:HOST:HOSTPORT]…")
    expect(ssh).toContain(" [LOGIN@]NODE [COMMAND…]\n")
  })

  it("is as wide as the terminal, with headings that stand out where it shows them", () => {
    const narrow = Option.getOrThrow(answerHelp(mezctlCommand, mezctlCommands, [], { width: 50, styled: true }))
    expect(narrow.split("\n").filter((line) => line.length > 50 + 8)).toEqual([])
    expect(narrow).toContain("\u001b[1mCommands\u001b[0m\n")
  })

  it("is none of what is no command", () => {
    expect(answerHelp(mezctlCommand, mezctlCommands, ["user", "--help"], page)).toEqual(Option.none())
    expect(answerHelp(mezctlCommand, mezctlCommands, ["users", "make", "--help"], page)).toEqual(Option.none())
  })
})
