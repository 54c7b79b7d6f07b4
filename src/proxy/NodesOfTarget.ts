import { Option, Schema } from "effect"
import { NodeName } from "../domain/Identifiers.ts"

const decode = Schema.decodeOption(NodeName)

/**
 * The names of nodes that a user may mean by `web-1` or `web-1.CLUSTER`, the likeliest first: a node's own name may hold
 * dots, and end like the cluster's. Empty where it can be no node's name.
 */
export const nodesOfTarget = (target: string, cluster: string): ReadonlyArray<NodeName> => {
  const name = target.toLowerCase()
  const suffix = `.${cluster.toLowerCase()}`
  const names = name.endsWith(suffix) ? [name.slice(0, -suffix.length), name] : [name]
  return names.flatMap((text) => Option.toArray(decode(text)))
}
