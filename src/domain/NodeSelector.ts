import { Schema } from "effect"
import { isLabelKey, isLabelValue, type NodeLabels } from "./NodeLabels.ts"

/** A part of a selector; `*` for any value. */
type Term = readonly [key: string, value: string]

const termsOf = (selector: string): ReadonlyArray<Term> =>
  selector.split(",").map((part) => {
    const at = part.indexOf("=")
    return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
  })

const isSelector = (text: string): boolean =>
  text === "*" ||
  (text.length <= 1024 &&
    text.split(",").every((part) => part.includes("=")) &&
    termsOf(text).every(([key, value]) => isLabelKey(key) && isLabelValue(value)))

/**
 * Nodes, by their labels: `*` for every node, else `KEY=VALUE` parts that must all be true of it, `env=prod,role=web`; in
 * `env=*` any value will do, but the label must be there.
 */
export const NodeSelector = Schema.String.pipe(
  Schema.filter(
    (text) => isSelector(text) || `"${text}" selects no nodes; write "*", "env=prod" or "env=prod,role=web"`,
  ),
  Schema.brand("NodeSelector"),
)
export type NodeSelector = typeof NodeSelector.Type

/** Whether a node with these labels is meant. */
export const selects = (selector: NodeSelector, labels: NodeLabels): boolean =>
  selector === "*" ||
  termsOf(selector).every(([key, value]) => Object.hasOwn(labels, key) && (value === "*" || labels[key] === value))
