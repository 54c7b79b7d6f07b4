/**
 * Whoever may list processes sees their command lines: from here on these see `…` in place of the values of such options. What is a
 * moment old is not undone, so that every secret has a way in that is no option.
 */
export const concealOptions = (process: NodeJS.Process, name: string, options: ReadonlyArray<string>): void => {
  const words = process.argv.slice(2)
  const shown = words.map((word, at) => {
    if (options.includes(words[at - 1] ?? "")) return "…"
    const [option = ""] = word.split("=", 1)
    return word !== option && options.includes(option) ? `${option}=…` : word
  })
  if (shown.join("\0") !== words.join("\0")) process.title = [name, ...shown].join(" ")
}
