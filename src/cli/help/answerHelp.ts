import { Option } from "effect"
import { commandTree, type Declared, findCommand } from "./CommandTree.ts"
import { type Page, renderHelp } from "./renderHelp.ts"

/** What is said of the command that words name, options among them; none where there is no such command. */
export const answerHelp = (
  program: Declared,
  commands: ReadonlyArray<Declared>,
  words: ReadonlyArray<string>,
  page: Page,
): Option.Option<string> => {
  const named = words.filter((word) => !word.startsWith("-"))
  return Option.map(findCommand(commandTree(program, commands), named), (path) => renderHelp(path, page))
}
