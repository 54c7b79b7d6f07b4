import { Effect, Redacted } from "effect"
import { CommandFailed } from "./CommandFailed.ts"
import { ExitWith } from "./ExitWith.ts"
import { readSecret } from "./internal/readSecret.ts"
import { warn, writeTo } from "./Output.ts"
import { Stdio } from "./Stdio.ts"
import { WrongUsage } from "./WrongUsage.ts"

/** Asks on the terminal, with echo off; the question goes to standard error. ^C ends the program with 130. */
export const askPassword = Effect.fn("askPassword")(function* (question: string) {
  const { stdin, stderr } = yield* Stdio
  if (!stdin.isTTY) {
    return yield* new WrongUsage({
      message: "there is no terminal to ask for the password: give it with --password-stdin",
    })
  }
  const typed = yield* readSecret(stdin, () => void stderr.write(question))
  yield* Effect.ignore(writeTo(stderr, "\n"))
  if (typed._tag === "Interrupted") return yield* new ExitWith({ code: 130 })
  return Redacted.make(typed.text)
})

const askTwice = (
  left: number,
): Effect.Effect<Redacted.Redacted<string>, CommandFailed | ExitWith | WrongUsage, Stdio> =>
  Effect.gen(function* () {
    const first = yield* askPassword("New password: ")
    const again = yield* askPassword("The same again: ")
    if (Redacted.value(first) === Redacted.value(again)) return first
    if (left === 1) return yield* new CommandFailed({ message: "the two passwords differ" })
    yield* warn("the two differ: type it anew")
    return yield* askTwice(left - 1)
  })

/** Asks twice, and that anew where the two differ; the third time that is the failure. */
export const askNewPassword = askTwice(3)
