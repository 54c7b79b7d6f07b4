import { Effect, Option } from "effect"
import { parseDocument } from "yaml"
import { CommandFailed } from "../CommandFailed.ts"
import { readFileIfAny } from "../PrivateFile.ts"

const mostCharacters = 65_536

const unreadable = (path: string, why: string) => new CommandFailed({ message: `${path}: ${why}` })

const read = (path: string, text: string): Effect.Effect<unknown, CommandFailed> => {
  if (text.length > mostCharacters) return unreadable(path, `a role has ${mostCharacters} characters at most`)
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split("\n").length
    return unreadable(path, `this is neither YAML nor JSON: line ${line}: ${error.message.split("\n", 1)[0]}`)
  }
  return Effect.try({
    try: (): unknown => document.toJS({ maxAliasCount: 100 }),
    catch: (cause) =>
      unreadable(path, `this cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`),
  })
}

/** The document in a file, YAML or JSON; whether it is a role's, the hub says. */
export const readRoleFile = Effect.fn("RoleFile.read")(function* (path: string) {
  const text = yield* readFileIfAny(path)
  if (Option.isNone(text)) return yield* unreadable(path, "there is no such file")
  return yield* read(path, text.value)
})
