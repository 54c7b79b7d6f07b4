/** A name, and what is said of it. */
export interface HelpEntry {
  readonly term: string
  readonly text: string
}

/** What there is to say of one command. */
export interface HelpPage {
  /** The command's own name, its options and arguments. */
  readonly usage: string
  readonly description: string
  readonly options: ReadonlyArray<HelpEntry>
  /** Those below it that do something themselves, by their names from here on. */
  readonly commands: ReadonlyArray<HelpEntry>
}

/** What @effect/cli says of every option, and what the usage shows as well. */
const selfEvident =
  /^(A user-defined piece of text|An integer|A floating point number|A true or false value|This (setting|option|argument) .*)\.$/

/** So many choices are not written where the option is. */
const manyChoices = /--([\w-]+) [^\s\]]+(?: \| [^\s\]]+){7,}/g

/** What is for the reader to put in is written in capitals: `--ttl TEXT`. Choices are to be typed as they are. */
const placeholders = (usage: string): string =>
  usage
    .replaceAll(manyChoices, (_, name: string) => `--${name} ${name.toUpperCase()}`)
    .replaceAll(/(--?[\w-]+) (text|integer|float)\b(?! \|)/g, (_, option: string, type: string) =>
      type === "text" ? `${option} TEXT` : `${option} NUMBER`,
    )
    .replaceAll(/(--?[\w-]+ \S+|<\S+>)\.\.\./g, "[$1]...")
    .replaceAll(/<([^<>]+)>/g, "$1")
    .replaceAll(/\((-\w, --[^()]+)\)/g, "$1")

/** The lines under each heading: USAGE, DESCRIPTION, OPTIONS, COMMANDS. */
const sections = (text: string): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, Array<string>>()
  let lines: Array<string> = []
  for (const line of text.split("\n")) {
    if (/^[A-Z]{4,}$/.test(line)) {
      lines = []
      found.set(line, lines)
    } else if (line.trim() !== "") lines.push(line)
  }
  return found
}

const choices = "One of the following: "

/** What @effect/cli says of an option in one paragraph, where the option itself does not show it. */
const told = (paragraph: string, term: string): string => {
  if (!paragraph.startsWith(choices)) return selfEvident.test(paragraph) ? "" : paragraph
  const listed = paragraph.slice(choices.length)
  return term.includes(" | ") || term.endsWith(` ${listed}`) ? "" : listed
}

/** What is indented tells of the line above it that is not. */
const entries = (lines: ReadonlyArray<string>): ReadonlyArray<HelpEntry> => {
  const found: Array<{ term: string; text: string }> = []
  for (const line of lines) {
    const last = found.at(-1)
    if (last === undefined || !line.startsWith(" ")) {
      found.push({ term: placeholders(line).replace(/^\[(.*)\]\.\.\.$/, "$1"), text: "" })
    } else last.text = [last.text, told(line.trim(), last.term)].filter(Boolean).join(": ")
  }
  return found
}

/** `  - users add --roles text <NAME>    Create a user`: names are in lower case, and what follows them is not. */
const commandOf = (line: string): HelpEntry => {
  const [usage = "", text = ""] = line.replace(/^ *- /, "").split(/ {2,}/)
  return { term: (/^[a-z][a-z-]*( [a-z][a-z-]*)*/.exec(usage) ?? [""])[0], text }
}

const isGroup = ({ term }: HelpEntry, all: ReadonlyArray<HelpEntry>): boolean =>
  all.some((other) => other.term.startsWith(`${term} `))

/** Reads the help of @effect/cli, without styles; none where the text is something else. */
export const parseHelp = (text: string): HelpPage | undefined => {
  const found = sections(text)
  const [usage] = found.get("USAGE") ?? []
  if (usage === undefined) return undefined
  const commands = (found.get("COMMANDS") ?? []).map(commandOf)
  return {
    usage: placeholders(usage.replace(/^\$ /, "")),
    description: (found.get("DESCRIPTION") ?? []).join(" "),
    options: entries(found.get("OPTIONS") ?? []),
    commands: commands.filter((command, _, all) => !isGroup(command, all)),
  }
}
