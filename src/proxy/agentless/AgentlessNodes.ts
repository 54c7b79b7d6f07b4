import type { KeyObject } from "node:crypto"
import { Context, type Effect, type Option, type Redacted, Schema } from "effect"
import type { Login, NodeId, NodeName, SessionId, UserName } from "../../domain/Identifiers.ts"
import type { OpenSshCertificate } from "../../ssh/OpenSshCertificate.ts"
import type { Target } from "./TargetConnection.ts"

/** What is known of agentless nodes cannot be had now. */
export class NodesUnavailable extends Schema.TaggedError<NodesUnavailable>()("NodesUnavailable", {
  message: Schema.String,
}) {}

/** A node without an agent, and the keys that the hub holds for it. */
export interface AgentlessNode {
  readonly id: NodeId
  readonly name: NodeName
  readonly target: Target
  /** PEM: signs the node's tokens. */
  readonly identityKey: Redacted.Redacted<string>
  /** PEM: shown to SSH clients. */
  readonly hostKey: Redacted.Redacted<string>
}

/** For whom the hub logs in at a target. */
export interface TargetOrder {
  readonly user: UserName
  /** The certificate's only principal. */
  readonly login: Login
  /** The session that it is for first; none: for forwarded ports. */
  readonly session: Option.Option<SessionId>
  readonly publicKey: KeyObject
  /** Whether ports may be forwarded there. */
  readonly portForwarding: boolean
}

/** A port to whoever knows the cluster's agentless nodes, and may sign for them. */
export class AgentlessNodes extends Context.Tag("mezite/proxy/AgentlessNodes")<
  AgentlessNodes,
  {
    readonly cluster: string
    readonly ids: Effect.Effect<ReadonlyArray<NodeId>, NodesUnavailable>
    readonly find: (id: NodeId) => Effect.Effect<Option.Option<AgentlessNode>, NodesUnavailable>
    /** A certificate of the cluster's user authority that is good for some minutes. */
    readonly certify: (order: TargetOrder) => Effect.Effect<OpenSshCertificate>
  }
>() {}
