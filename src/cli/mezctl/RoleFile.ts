import { Effect, Option } from "effect"
import { parseDocument } from "yaml"
import { CommandFailed } from "../CommandFailed.ts"
import { readChunk } from "../internal/readChunk.ts"
import { readFileIfAny } from "../PrivateFile.ts"
import { Stdio } from "../Stdio.ts"

const mostCharacters = 65_536

const unreadable = (path: string, why: string) => new CommandFailed({ message: `${path}: ${why}` })

const read = (path: string, text: string): Effect.Effect<unknown, CommandFailed> => {
  if (text.length > mostCharacters) return unreadable(path, `a role has ${mostCharacters} characters at most`)
  const document = parseDocument(text, { uniqueKeys: true, stringKeys: true, prettyErrors: false })
  // What it warns of, such as a tag that nobody knows, it would leave out.
  const [error] = [...document.errors, ...document.warnings]
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split("\n").length
    return unreadable(path, `this is neither YAML nor JSON: line ${line}: ${error.message.split("\n", 1)[0]}`)
  }
  return Effect.try({
    // Only what JSON can say: above all nothing that refers to itself.
    try: (): unknown => JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 }))),
    catch: (cause) =>
      unreadable(
        path,
        `this cannot be read: ${cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause)}`,
      ),
  })
}

/** Not more of it than shows that it is too long. */
const fromStandardInput = Effect.gen(function* () {
  const { stdin } = yield* Stdio
  const chunks: Array<Buffer> = []
  for (let bytes = 0; bytes <= 4 * mostCharacters; ) {
    const chunk = yield* readChunk(stdin)
    if (Option.isNone(chunk)) break
    bytes += chunk.value.length
    chunks.push(chunk.value)
  }
  return Buffer.concat(chunks).toString()
})

/** The document in a file, or on standard input where that is `-`: YAML or JSON; whether it is a role's, the hub says. */
export const readRoleFile = Effect.fn("RoleFile.read")(function* (path: string) {
  if (path === "-") return yield* read("standard input", yield* fromStandardInput)
  const text = yield* readFileIfAny(path)
  if (Option.isNone(text)) return yield* unreadable(path, "there is no such file")
  return yield* read(path, text.value)
})
