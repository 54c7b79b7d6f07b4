/** Words in lines of at most `width` characters, but for words that are longer. */
export const wrap = (words: ReadonlyArray<string>, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const indent = 2
const gap = 2

/** Longer terms stand on a line of their own. */
const widestTerm = 26

/** Terms and what they mean, beside each other. */
export const layOutTerms = (
  terms: ReadonlyArray<readonly [term: string, meaning: string]>,
  width: number,
): ReadonlyArray<string> => {
  const column = Math.max(0, ...terms.map(([{ length }]) => length).filter((length) => length <= widestTerm))
  const left = " ".repeat(indent + column + gap)
  return terms.flatMap(([term, meaning]) => {
    const [first = "", ...rest] = wrap(meaning.split(" "), Math.max(20, width - left.length))
    const begin = " ".repeat(indent) + term.padEnd(column + gap)
    const lines = term.length > column && first !== "" ? [begin, left + first] : [begin + first]
    return [...lines, ...rest.map((line) => left + line)].map((line) => line.trimEnd())
  })
}
