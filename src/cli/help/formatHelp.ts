import type { HelpEntry, HelpPage } from "./HelpPage.ts"

/** Columns that a line takes at most. */
const width = 80

/** Words in lines, all but the first of them behind `indent` spaces; where the first line begins is given. */
const wrapped = (words: ReadonlyArray<string>, indent: number, start: number): string => {
  let [text, column] = ["", start]
  for (const word of words) {
    const isFirst = column === indent || text === ""
    if (!isFirst && column + 1 + word.length > width) {
      text += `\n${" ".repeat(indent)}${word}`
      column = indent + word.length
    } else {
      text += isFirst ? word : ` ${word}`
      column += word.length + (isFirst ? 0 : 1)
    }
  }
  return text
}

const words = (text: string): ReadonlyArray<string> => text.split(" ").filter((word) => word !== "")

/** An option in brackets stays on one line with its value, unless it has many. */
const usageWords = (usage: string): ReadonlyArray<string> =>
  (usage.match(/\[[^\]]*\]\S*|--?[\w-]+ [^-[<\s]\S*(?: \| \S+)*|\S+/g) ?? []).flatMap((word) =>
    word.length > width / 2 ? words(word) : [word],
  )

const longestTerm = 32

const listed = (title: string, entries: ReadonlyArray<HelpEntry>): ReadonlyArray<string> => {
  if (entries.length === 0) return []
  const column = 4 + Math.max(...entries.map(({ term }) => term.length).filter((length) => length <= longestTerm), 0)
  const lines = entries.map(({ term, text }) => {
    const name = `  ${term}`
    const gap = term.length > longestTerm ? `\n${" ".repeat(column)}` : " ".repeat(column - name.length)
    return text === "" ? name : `${name}${gap}${wrapped(words(text), column, column)}`
  })
  return [[`${title}:`, ...lines].join("\n")]
}

/** A help page for people, no wider than a terminal; `path`: the program, and the names up to the command. */
export const formatHelp = (
  { usage, description, options, commands }: HelpPage,
  path: ReadonlyArray<string>,
): string => {
  const [, ...more] = usageWords(usage)
  const head = `Usage: ${path.join(" ")}`
  const called = wrapped([...more, ...(commands.length === 0 ? [] : ["COMMAND"])], head.length + 1, head.length + 1)
  return [
    `${head} ${called}`.trimEnd(),
    ...(description === "" ? [] : [wrapped(words(description), 0, 0)]),
    ...listed("Commands", commands),
    ...listed("Options", options),
    ...(commands.length === 0 ? [] : [`${path.join(" ")} COMMAND --help tells of one.`]),
  ].join("\n\n")
}
