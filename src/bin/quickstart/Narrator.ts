import { Effect, Schedule } from "effect"
import { writeTo } from "../../cli/Output.ts"
import { Stdio, type StdioShape } from "../../cli/Stdio.ts"
import type { OutputLost } from "../../play/OutputLost.ts"

/** Tells a reader what happens. */
export interface Narrator {
  readonly title: (text: string) => Effect.Effect<void, OutputLost>
  readonly say: (text: string) => Effect.Effect<void, OutputLost>
  /** A command to paste, and what it is for. */
  readonly command: (line: string, what: string) => Effect.Effect<void, OutputLost>
  /** Does something that takes its time, and tells how it went. */
  readonly step: <A, E, R>(
    label: string,
    work: Effect.Effect<A, E, R>,
    tell: (result: A) => string,
  ) => Effect.Effect<A, E | OutputLost, R>
}

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const clearLine = "\r\x1b[K"
const labelWidth = 12

interface Style {
  /** Whether a line may be drawn over. */
  readonly moves: boolean
  readonly paint: (code: number, text: string) => string
}

/** No colours where NO_COLOR is set (no-color.org) or nobody would see them. */
const styleOf = ({ stdout, env }: StdioShape): Style => {
  const moves = stdout.isTTY === true && env.TERM !== "dumb"
  const colours = moves && !env.NO_COLOR
  return { moves, paint: (code, text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text) }
}

const line = (mark: string, label: string, text: string): string => `  ${mark} ${label.padEnd(labelWidth)} ${text}\n`

/** Draws until it is interrupted, and then is gone. */
const spinning = (stdout: NodeJS.WriteStream, style: Style, label: string): Effect.Effect<never> => {
  let turn = 0
  const draw = Effect.suspend(() =>
    Effect.ignore(
      writeTo(stdout, `${clearLine}  ${style.paint(36, spinner[turn++ % spinner.length] ?? "")} ${label} ...`),
    ),
  )
  return Effect.zipRight(Effect.repeat(draw, Schedule.spaced("80 millis")), Effect.never).pipe(
    Effect.ensuring(Effect.ignore(writeTo(stdout, clearLine))),
  )
}

/** A narrator on standard output. */
export const makeNarrator: Effect.Effect<Narrator, never, Stdio> = Effect.map(Stdio, (stdio) => {
  const { stdout } = stdio
  const style = styleOf(stdio)
  const busy = (label: string) => (style.moves ? spinning(stdout, style, label) : Effect.never)
  return {
    title: (text) => writeTo(stdout, `\n${style.paint(1, text)}\n`),
    say: (text) => writeTo(stdout, `  ${text}\n`),
    command: (text, what) => writeTo(stdout, `  ${style.paint(36, text)}\n${style.paint(2, `      ${what}`)}\n`),
    step: (label, work, tell) =>
      Effect.raceFirst(work, busy(label)).pipe(
        Effect.tapBoth({
          onSuccess: (result) => writeTo(stdout, line(style.paint(32, "✓"), label, tell(result))),
          onFailure: () => writeTo(stdout, line(style.paint(31, "✗"), label, "failed")),
        }),
      ),
  }
})
