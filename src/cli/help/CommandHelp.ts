import { defaultConfig } from "@effect/cli/CliConfig"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as HelpDoc from "@effect/cli/HelpDoc"
import { isOption, type Parameter, parametersOf } from "./Parameter.ts"
import { blocks, paragraphs, spanText } from "./plainText.ts"

export interface OptionHelp {
  readonly parameter: Parameter
  readonly description: string
}

/** What is to be told of one command. */
export interface CommandHelp {
  readonly description: string
  readonly parameters: ReadonlyArray<Parameter>
  readonly options: ReadonlyArray<OptionHelp>
  /** The names of those right below it. */
  readonly subcommands: ReadonlyArray<string>
}

const config = { ...defaultConfig, showBuiltIns: false }

/** Of what @effect/cli says of an option: not of which type it is, nor whether it may be left out or repeated, which the usage tells. */
const describe = ([, ...said]: ReadonlyArray<string>): string =>
  said.filter((text) => !/^This (setting|option) /.test(text)).join(" ")

const withChoices = (parameter: Parameter, description: string): OptionHelp => {
  const choices = parameter.choices.length === 0 ? [] : [`one of ${parameter.choices.join(", ")}`]
  return { parameter, description: [...(description === "" ? [] : [description]), ...choices].join("; ") }
}

/** The blocks below a heading. */
const section = (all: ReadonlyArray<HelpDoc.HelpDoc>, title: string): ReadonlyArray<HelpDoc.HelpDoc> => {
  const start = all.findIndex((block) => HelpDoc.isHeader(block) && spanText(block.value) === title)
  const rest = start < 0 ? [] : all.slice(start + 1)
  const end = rest.findIndex(HelpDoc.isHeader)
  return end < 0 ? rest : rest.slice(0, end)
}

/** @effect/cli lists them in their order, each as its usage, which begins with its name. */
const firstWords = (listed: ReadonlyArray<HelpDoc.HelpDoc>): ReadonlyArray<string> =>
  listed
    .filter(HelpDoc.isEnumeration)
    .flatMap(({ elements }) => elements.flatMap(paragraphs))
    .map((text) => text.split(" ", 1)[0] ?? "")

/** Reads from a command's declaration what is to be told of it. */
export const commandHelp = (command: CommandDescriptor.Command<unknown>): CommandHelp => {
  const all = blocks(CommandDescriptor.getHelp(command, config))
  const [, ...parameters] = parametersOf(CommandDescriptor.getUsage(command))
  const descriptions = section(all, "OPTIONS")
    .filter(HelpDoc.isDescriptionList)
    .flatMap(({ definitions }) => definitions.map(([, about]) => describe(paragraphs(about))))
  return {
    description: section(all, "DESCRIPTION").flatMap(paragraphs).join(" "),
    parameters,
    options: parameters.filter(isOption).map((parameter, n) => withChoices(parameter, descriptions[n] ?? "")),
    subcommands: firstWords(section(all, "COMMANDS")),
  }
}
