import { Effect, Option } from "effect"
import { knowsNode } from "../access/knowsNode.ts"
import { nameOf } from "../access/RpcAccess.ts"
import { Enforcer } from "../enforcement/Enforcer.ts"
import { JoinTokens } from "../nodes/JoinTokens.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { OpensshNodes } from "../nodes/OpensshNodes.ts"
import type { Calls } from "./Calls.ts"
import { durationOf, guarded } from "./Guard.ts"

/** The calls about the cluster's nodes. */
export const nodeCalls = Effect.gen(function* () {
  const [nodes, tokens, enforcer] = [yield* Nodes, yield* JoinTokens, yield* Enforcer]
  const openssh = yield* OpensshNodes
  return {
    TokensAdd: ({ ttl, uses, labels }) =>
      guarded("TokensAdd", (caller) =>
        Effect.map(tokens.add({ ttl: durationOf(ttl), uses, labels }, nameOf(caller)), ({ token, expiresAtMs }) => ({
          token,
          expires_at: new Date(expiresAtMs).toISOString(),
        })),
      ),
    NodesAddOpenssh: ({ name, address, logins, host_key: hostKey, labels }) =>
      guarded("NodesAddOpenssh", (caller) =>
        openssh.add({ name, address, logins, hostKey: Option.fromNullable(hostKey), labels }, nameOf(caller)),
      ),
    NodesList: () =>
      guarded("NodesList", (caller) =>
        Effect.map(nodes.list, (all) => all.filter((node) => knowsNode(caller, node.labels))),
      ),
    NodesLabel: ({ name, labels }) => guarded("NodesLabel", (caller) => nodes.label(name, labels, nameOf(caller))),
    NodesRemove: ({ name }) =>
      guarded("NodesRemove", (caller) => Effect.zipRight(nodes.remove(name, nameOf(caller)), enforcer.now)),
    TokensList: () => guarded("TokensList", () => tokens.list),
    TokensRemove: ({ id }) => guarded("TokensRemove", (caller) => tokens.remove(id, nameOf(caller))),
  } satisfies Calls<
    "TokensAdd" | "TokensList" | "TokensRemove" | "NodesAddOpenssh" | "NodesList" | "NodesLabel" | "NodesRemove"
  >
})
