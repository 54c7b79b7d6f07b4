import { Option } from "effect"
import { type CommandTree, commandTree } from "./CommandTree.ts"
import type { Helped } from "./offerHelp.ts"

const within = (
  { name, children }: CommandTree,
  [word, ...words]: ReadonlyArray<string>,
  above: ReadonlyArray<string>,
): Option.Option<string> => {
  if (word === undefined || children.length === 0) return Option.none()
  const child = children.find((one) => one.name === word)
  if (child !== undefined) return within(child, words, [...above, word])
  const there = above.length === 0 ? "" : `: ${name} has ${children.map((one) => one.name).join(", ")}`
  return Option.some(`there is no command "${[...above, word].join(" ")}"${there} (see --help)`)
}

/** What is wrong with words that name no command of a program, and what its group has instead; none where they name one. */
export const unknownCommand = ({ command, commands }: Helped, words: ReadonlyArray<string>): Option.Option<string> =>
  within(commandTree(command, commands), words, [])
