import { type Option, Schema } from "effect"
import { NodeName } from "../domain/Identifiers.ts"

const decode = Schema.decodeOption(NodeName)

/** The node that a user means by `web-1` or `web-1.CLUSTER`: no node's own name ends like the second. None where it can be no node's name. */
export const nodeOfTarget = (target: string, cluster: string): Option.Option<NodeName> => {
  const name = target.toLowerCase()
  const suffix = `.${cluster.toLowerCase()}`
  return decode(name.endsWith(suffix) ? name.slice(0, -suffix.length) : name)
}
