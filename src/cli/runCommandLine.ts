import { CliConfig, Command, ValidationError } from "@effect/cli"
import type { CliApp } from "@effect/cli/CliApp"
import { Effect, Option } from "effect"
import { misspelt } from "../domain/Variables.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { describeFailure } from "./describeFailure.ts"
import { type Helped, offerHelp } from "./help/offerHelp.ts"
import { quietConsole } from "./internal/quietConsole.ts"
import { normalizeArguments, type OptionForms } from "./normalizeArguments.ts"
import { warn } from "./Output.ts"
import { Stdio } from "./Stdio.ts"
import { WrongUsage } from "./WrongUsage.ts"

/** A program's command line. */
export interface CommandLine<Name extends string, E, R, A> extends Helped {
  readonly name: string
  readonly version: string
  readonly command: Command.Command<Name, R, E, A>
  readonly forms: OptionForms
}

/** Ends with 129 once the terminal is gone; what was begun is undone as for any interruption. */
const hangup = Effect.flatMap(Stdio, ({ onSignal }) =>
  Effect.async<number>((resume) => {
    const off = onSignal("SIGHUP", () => resume(Effect.succeed(129)))
    return Effect.sync(off)
  }),
)

/** At the end of a line such an option would take the command for its value. */
const checkValues = (words: ReadonlyArray<string>, { global, flags }: OptionForms) => {
  const end = words.indexOf("--")
  const option = words.slice(0, end < 0 ? undefined : end).find((word) => global.has(word) && !flags.has(word))
  return option === undefined ? Effect.void : new WrongUsage({ message: `${option} takes a value (see --help)` })
}

/** @effect/cli lists the program's commands also where a group lacks one. */
const explainMismatch = Effect.fnUntraced(function* (
  error: ValidationError.ValidationError,
  helped: Helped,
  words: ReadonlyArray<string>,
) {
  const { unknownCommand } = yield* Effect.promise(() => import("./help/unknownCommand.ts"))
  const named = words.filter((word) => !word.startsWith("-"))
  const message = ValidationError.isCommandMismatch(error) ? unknownCommand(helped, named) : Option.none()
  return yield* Option.match(message, {
    onNone: () => Effect.fail(error),
    onSome: (message) => Effect.fail(new WrongUsage({ message })),
  })
})

/**
 * Runs a command line and gives its exit code: 0; 1 for a failure (a variable that is misspelt is one) and 2 for wrong usage,
 * each with one line on standard error; 129 when the terminal was hung up; or what the command itself chose. Interrupting it is left to the caller.
 */
export const runCommandLine = <Name extends string, E, R, A>(
  { name, version, command, commands, forms }: CommandLine<Name, E, R, A>,
  words: ReadonlyArray<string>,
): Effect.Effect<number, never, R | CliApp.Environment | Stdio> =>
  Effect.gen(function* () {
    const { stdout, env } = yield* Stdio
    const sorted = normalizeArguments(words, forms)
    const run: (
      args: ReadonlyArray<string>,
    ) => Effect.Effect<void, E | ValidationError.ValidationError, R | CliApp.Environment> = Command.run(command, {
      name,
      version,
    })
    const runOrHelp = Effect.flatMap(offerHelp({ command, commands }, sorted), (helped) =>
      helped
        ? Effect.void
        : Effect.zipRight(checkValues(sorted, forms), run(["node", name, ...sorted])).pipe(
            Effect.catchIf(ValidationError.isValidationError, (error) =>
              explainMismatch(error, { command, commands }, sorted),
            ),
          ),
    )
    const correctlySpelt = Effect.suspend(() => {
      const [unknown] = misspelt(env)
      return unknown === undefined
        ? Effect.void
        : new CommandFailed({ message: `${unknown} is no variable of Mezite: is it misspelt?` })
    })
    return yield* Effect.zipRight(correctlySpelt, runOrHelp).pipe(
      Effect.withConsole(quietConsole((text) => stdout.write(text))),
      Effect.as(0),
      Effect.provide(CliConfig.layer({ isCaseSensitive: true, showBuiltIns: false })),
      Effect.raceFirst(hangup),
      Effect.catchAllCause((cause) => {
        const { message, code } = describeFailure(cause)
        return message === undefined ? Effect.succeed(code) : Effect.as(warn(`${name}: ${message}`), code)
      }),
    )
  })
