import { Array as Arr } from "effect"
import type { OptionHelp } from "./CommandHelp.ts"
import type { CommandTree } from "./CommandTree.ts"
import { layOutTerms, wrap } from "./layOut.ts"
import { formOf, usageOf } from "./Parameter.ts"

/** What help is shown on. */
export interface Page {
  /** In characters. */
  readonly width: number
  readonly styled: boolean
}

type Terms = ReadonlyArray<readonly [term: string, meaning: string]>

const builtIn: Terms = [
  ["-h, --help", "say how it is used"],
  ["--version", "say which version it is"],
]

const optionTerms = (options: ReadonlyArray<OptionHelp>): Terms =>
  options.map(({ parameter, description }) => [formOf(parameter), description])

/** Every command that does something, in place of those that only group them. */
const commandTerms = (commands: ReadonlyArray<CommandTree>): Terms =>
  commands.flatMap(
    ({ name, help, children }): Terms =>
      children.length === 0
        ? [[name, help.description]]
        : commandTerms(children).map(([child, description]) => [`${name} ${child}`, description]),
  )

const usage = (path: string, { help, children }: CommandTree, width: number): ReadonlyArray<string> => {
  const words = [...help.parameters.map(usageOf), ...(children.length === 0 ? [] : ["COMMAND …"])]
  const begin = `  ${path} `
  const [first = "", ...rest] = wrap(words, width - begin.length)
  return [(begin + first).trimEnd(), ...rest.map((line) => " ".repeat(begin.length) + line)]
}

/** The help of a command that is found on this path, from the program's own on. */
export const renderHelp = (path: Arr.NonEmptyReadonlyArray<CommandTree>, page: Page): string => {
  const [program, command] = [Arr.headNonEmpty(path), Arr.lastNonEmpty(path)]
  const part = (title: string, lines: ReadonlyArray<string>) =>
    lines.length === 0 ? [] : ["", page.styled ? `\u001b[1m${title}\u001b[0m` : title, ...lines]
  const terms = (title: string, listed: Terms) => part(title, layOutTerms(listed, page.width))
  const names = path.map(({ name }) => name).join(" ")
  const lines = [
    ...wrap(command.help.description.split(" "), page.width),
    ...part("Usage", usage(names, command, page.width)),
    ...terms("Commands", commandTerms(command.children)),
    ...terms("Options", command === program ? [] : optionTerms(command.help.options)),
    ...terms(command === program ? "Options" : "Options of all commands", [
      ...optionTerms(program.help.options),
      ...builtIn,
    ]),
  ]
  return `${lines.join("\n")}\n`
}
