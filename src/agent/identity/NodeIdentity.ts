import { createPrivateKey, type KeyObject } from "node:crypto"
import * as fs from "node:fs"
import { Effect, Option, Schema } from "effect"
import { HubPin } from "../../api/HubPin.ts"
import { ClusterInfo } from "../../api/PublicRpcs.ts"
import { NodeId, NodeName } from "../../domain/Identifiers.ts"
import { writePrivateFile } from "../../session/writePrivateFile.ts"

/** What an agent keeps of having joined. Both keys were made here, and never leave. */
const Stored = Schema.Struct({
  node_id: NodeId,
  name: NodeName,
  /** Signs the node's tokens; PEM. */
  identity_key: Schema.String,
  /** Shown to SSH clients; PEM. */
  host_key: Schema.String,
  /** One line in OpenSSH's form. */
  host_certificate: Schema.String,
  /** Those that it joined with; see also `cluster`. */
  hubs: Schema.NonEmptyArray(Schema.String),
  trust: Schema.Union(
    Schema.Struct({ _tag: Schema.Literal("Pinned"), pin: HubPin, certificate: Schema.String }),
    Schema.Struct({ _tag: Schema.Literal("System", "Plain") }),
  ),
  cluster: ClusterInfo,
})
export type NodeIdentity = typeof Stored.Type

/** The agent's identity cannot be read or kept; the message says how to mend it. */
export class IdentityUnreadable extends Schema.TaggedError<IdentityUnreadable>()("IdentityUnreadable", {
  message: Schema.String,
}) {}

const decode = Schema.decodeUnknown(Schema.parseJson(Stored))
const encode = Schema.encodeSync(Schema.parseJson(Stored))

const unreadable = (path: string) => (cause: unknown) =>
  new IdentityUnreadable({
    message: `${path} cannot be used (${(cause as Error).message.split("\n")[0]}); remove it, and join again with a new token`,
  })

/** The identity that is kept in `path`, if the agent has joined. */
export const load = (path: string): Effect.Effect<Option.Option<NodeIdentity>, IdentityUnreadable> =>
  Effect.suspend(() => {
    if (!fs.existsSync(path)) return Effect.succeedNone
    return Effect.try({ try: () => fs.readFileSync(path, "utf8"), catch: unreadable(path) }).pipe(
      Effect.flatMap((text) => Effect.mapError(decode(text), unreadable(path))),
      Effect.map(Option.some),
    )
  })

/** Keeps it: 0600, and durable. */
export const save = (path: string, identity: NodeIdentity): Effect.Effect<void, IdentityUnreadable> =>
  Effect.mapError(writePrivateFile(path, encode(identity)), unreadable(path))

/** The private key in a PEM. */
export const privateKey = (pem: string): KeyObject => createPrivateKey(pem)
