import { Effect, type Option } from "effect"
import { bridge } from "../internal/bridge.ts"
import { Stdio } from "../Stdio.ts"
import { connectToNode } from "./connectToNode.ts"

/** Joins standard input and output with a node's SSH server, for OpenSSH's ProxyCommand. */
export const proxy = Effect.fn("msh.proxy")(function* (identityOption: Option.Option<string>, node: string) {
  const { stdin, stdout } = yield* Stdio
  const { stream } = yield* connectToNode(identityOption, node)
  yield* bridge(stream, stdin, stdout)
}, Effect.scoped)
