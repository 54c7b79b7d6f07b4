import { StringDecoder } from "node:string_decoder"
import { Effect, Option, Redacted } from "effect"
import { readChunk } from "./internal/readChunk.ts"
import { Stdio } from "./Stdio.ts"
import { WrongUsage } from "./WrongUsage.ts"

const longestLine = 4096

const wrong = (message: string) => new WrongUsage({ message: `--password-stdin: ${message}` })

/** Standard input's lines, one at a time, each a secret; none is read before it is asked for. */
export interface SecretLines {
  /** The next line without its end. `what` it holds is named where there is none. */
  readonly next: (what: string) => Effect.Effect<Redacted.Redacted<string>, WrongUsage>
}

/** The secrets that a program gives on standard input. */
export const secretLines: Effect.Effect<SecretLines, never, Stdio> = Effect.map(Stdio, ({ stdin }) => {
  const decoder = new StringDecoder("utf8")
  let held = ""
  let ended = false

  const more = Effect.map(readChunk(stdin), (chunk) => {
    if (Option.isNone(chunk)) ended = true
    else held += decoder.write(chunk.value)
  })

  const next = Effect.fnUntraced(function* (what: string) {
    while (!ended && !held.includes("\n") && held.length <= longestLine) yield* more
    const [line = ""] = held.split(/\r?\n/, 1)
    if (line.length > longestLine) return yield* wrong(`the line of the ${what} is too long`)
    if (line === "") return yield* wrong(`standard input holds no ${what}`)
    held = held.slice(line.length).replace(/^\r?\n/, "")
    return Redacted.make(line)
  })

  return { next }
})
