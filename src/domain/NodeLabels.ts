import { Either, Schema } from "effect"

/** The labels that a node can have at most. */
const most = 64

const key = /^[A-Za-z0-9._/-]{1,63}$/

const value = /^[^\p{Cc}\p{Cs},]{0,255}$/u

/** Whether this can be a label's key. */
export const isLabelKey = (text: string): boolean => key.test(text)

/** Whether this can be a label's value. */
export const isLabelValue = (text: string): boolean => value.test(text)

/** A node's labels; values hold neither control characters nor commas, so that all can be written as `env=prod,role=web`. */
export const NodeLabels = Schema.Record({ key: Schema.String, value: Schema.String }).pipe(
  Schema.filter((labels) => {
    const entries = Object.entries(labels)
    if (entries.length > most) return `a node has ${most} labels at most`
    const bad = entries.find(([name, text]) => !isLabelKey(name) || !isLabelValue(text))
    return bad === undefined || `"${bad.join("=")}" is no label; write env=prod`
  }),
)
export type NodeLabels = typeof NodeLabels.Type

const isLabels = Schema.is(NodeLabels)

/** Reads `env=prod,role=web`; empty parts are left out. The error names the first part that is no label. */
export const parseLabels = (text: string): Either.Either<NodeLabels, string> =>
  Either.gen(function* () {
    const parts = text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "")
    const bad = parts.find((part) => !part.includes("="))
    if (bad !== undefined) return yield* Either.left(`"${bad}" is no label; write env=prod,role=web`)
    const entries = parts.map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)] as const)
    const wrong = entries.find(([name, content]) => !isLabelKey(name) || !isLabelValue(content))
    if (wrong !== undefined) return yield* Either.left(`"${wrong.join("=")}" is no label; write env=prod,role=web`)
    const twice = entries.find(([name], at) => entries.findIndex(([other]) => other === name) !== at)
    if (twice !== undefined) return yield* Either.left(`the label "${twice[0]}" is given twice`)
    const labels = Object.fromEntries(entries)
    return isLabels(labels) ? labels : yield* Either.left(`a node has ${most} labels at most`)
  })

/** `env=prod,role=web` */
export const showLabels = (labels: NodeLabels): string =>
  Object.entries(labels)
    .map(([name, content]) => `${name}=${content}`)
    .join(",")
