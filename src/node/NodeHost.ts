import { Context } from "effect"

/** Which program serves the node: what users and recordings are told of it is said in its name. */
export class NodeHost extends Context.Reference<NodeHost>()("mezite/node/NodeHost", {
  defaultValue: (): "agent" | "hub" => "agent",
}) {}
