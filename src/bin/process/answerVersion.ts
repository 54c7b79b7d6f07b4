import { version } from "../../domain/version.ts"

/** Answers `--version`, before anything of the program is loaded; whether that was what was asked. */
export const answerVersion = (name: string): boolean => {
  const [word, ...more] = process.argv.slice(2)
  const asked = more.length === 0 && (word === "--version" || word === "-V")
  if (asked) process.stdout.write(`${name} ${version}\n`)
  return asked
}
