import { HelpDoc, ValidationError } from "@effect/cli"
import { Cause, Option } from "effect"
import type { ExitWith } from "./ExitWith.ts"
import { plainLine } from "./plainLine.ts"

/** What is said of a failure, if anything, and the program's exit code. */
export interface FailureReport {
  readonly message: string | undefined
  readonly code: number
}

const messageOf = (error: unknown): string => {
  if (typeof error === "object" && error !== null && "message" in error && typeof error.message === "string") {
    if (error.message !== "") return plainLine(error.message)
  }
  if (typeof error === "object" && error !== null && "_tag" in error) return plainLine(String(error._tag))
  return plainLine(String(error))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what styles begin with
const styles = /\x1b\[[\d;]*m/g

/** Of what a schema says of a value as a tree, where in it and what of it is wrong, only the last: what is wrong. */
const validationMessage = (error: ValidationError.ValidationError): string =>
  plainLine(HelpDoc.toAnsiText(error.error).replaceAll(styles, "").split("└─").at(-1) ?? "") || "wrong usage"

const tagOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : ""

const reportExit = ({ code, message }: ExitWith): FailureReport => ({
  message: message === "" ? undefined : plainLine(message),
  code,
})

const reportFailure = (error: unknown): FailureReport => {
  if (ValidationError.isValidationError(error)) return { message: `${validationMessage(error)} (see --help)`, code: 2 }
  if (tagOf(error) === "WrongUsage") return { message: messageOf(error), code: 2 }
  if (tagOf(error) === "ExitWith") return reportExit(error as ExitWith)
  if (tagOf(error) === "OutputLost" && (error as { closed: boolean }).closed) return { message: undefined, code: 0 }
  if (tagOf(error) === "QuitException") return { message: undefined, code: 130 }
  return { message: messageOf(error), code: 1 }
}

/** A program that is interrupted itself describes nothing any more: a hub that is told to stop interrupts what it is answering. */
const brokenOff = "the hub broke off its answer, as when it is stopped: try again"

/** One line for any way to fail: typed errors by their message, defects as what they are. */
export const describeFailure = (cause: Cause.Cause<unknown>): FailureReport => {
  if (Cause.isInterruptedOnly(cause)) return { message: brokenOff, code: 1 }
  return Option.match(Cause.failureOption(cause), {
    onSome: reportFailure,
    onNone: () => ({ message: `internal error: ${messageOf(Cause.squash(cause))}`, code: 1 }),
  })
}
