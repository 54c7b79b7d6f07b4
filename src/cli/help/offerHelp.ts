import { Effect, Option } from "effect"
import { print } from "../Output.ts"
import { Stdio } from "../Stdio.ts"
import { WrongUsage } from "../WrongUsage.ts"
import type { Declared } from "./CommandTree.ts"

/** A program whose commands are told of. */
export interface Helped {
  readonly command: Declared
  /** Those below it, in the order in which help tells of them. */
  readonly commands: ReadonlyArray<Declared>
}

/** What stands behind `--` is somebody else's. */
const asksForHelp = (words: ReadonlyArray<string>): boolean => {
  const end = words.indexOf("--")
  return words.slice(0, end < 0 ? undefined : end).some((word) => word === "--help" || word === "-h")
}

const [narrowest, usual, widest] = [40, 80, 100]

/** Prints the help that words ask for, and tells whether they did. */
export const offerHelp = Effect.fn("help.offer")(function* (
  { command, commands }: Helped,
  words: ReadonlyArray<string>,
) {
  if (!asksForHelp(words)) return false
  const { stdout, env } = yield* Stdio
  const { answerHelp } = yield* Effect.promise(() => import("./answerHelp.ts"))
  const width = Math.min(widest, Math.max(narrowest, (stdout.isTTY ? stdout.columns : undefined) ?? usual))
  const answer = answerHelp(command, commands, words, { width, styled: stdout.isTTY === true && !env.NO_COLOR })
  if (Option.isNone(answer)) return yield* new WrongUsage({ message: "there is no such command (see --help)" })
  yield* print(answer.value)
  return true
})
