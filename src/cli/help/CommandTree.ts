import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import { Array as Arr, HashMap, Option } from "effect"
import { type CommandHelp, commandHelp } from "./CommandHelp.ts"

/** A command as @effect/cli has it. */
export interface Declared {
  readonly descriptor: CommandDescriptor.Command<unknown>
}

/** A command, and those below it. */
export interface CommandTree {
  /** As it is typed, without the program's name and those of the commands above it. */
  readonly name: string
  readonly help: CommandHelp
  readonly children: ReadonlyArray<CommandTree>
}

const nameOf = (command: CommandDescriptor.Command<unknown>): string =>
  [...CommandDescriptor.getNames(command)].join("|")

/** A command, and those below it in the order in which they were declared. */
const group = ({ descriptor }: Declared): CommandTree => {
  const help = commandHelp(descriptor)
  const below = CommandDescriptor.getSubcommands(descriptor)
  const children = help.subcommands.flatMap((name) =>
    Option.match(HashMap.get(below, name), {
      onNone: () => [],
      onSome: (command) => [{ name, help: commandHelp(command), children: [] }],
    }),
  )
  return { name: nameOf(descriptor), help, children }
}

/** A program's command, and those below it in the order in which they are given. */
export const commandTree = (program: Declared, commands: ReadonlyArray<Declared>): CommandTree => ({
  name: nameOf(program.descriptor),
  help: commandHelp(program.descriptor),
  children: commands.map(group),
})

/** The command that words name, below all those that it belongs to; none where there is no such command. */
export const findCommand = (
  tree: CommandTree,
  [name, ...words]: ReadonlyArray<string>,
  above: ReadonlyArray<CommandTree> = [],
): Option.Option<Arr.NonEmptyReadonlyArray<CommandTree>> => {
  const path = Arr.append(above, tree)
  if (name === undefined || tree.children.length === 0) return Option.some(path)
  return Option.flatMap(Option.fromNullable(tree.children.find((child) => child.name === name)), (child) =>
    findCommand(child, words, path),
  )
}
