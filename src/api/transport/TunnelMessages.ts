import { Schema } from "effect"
import { AccessGrant } from "../../domain/AccessGrant.ts"
import { HubId, SessionId, UserName } from "../../domain/Identifiers.ts"
import { Lock, mostLocks } from "../../domain/Lock.ts"
import { HubEntry, mostHubs } from "../PublicRpcs.ts"

/** Where agents' and users' connections begin. */
export const paths = {
  control: "/v1/agent/control",
  tunnel: "/v1/agent/tunnel",
  connect: "/v1/connect",
  rpc: "/v1/rpc",
  publicRpc: "/v1/rpc/public",
} as const

/** No message of a hub on a control connection is longer, in bytes: all locks fit. */
export const maxControlMessage = 2 * 1024 * 1024

/** How many tunnels a hub may ask for at once. */
export const maxDialled = 64

/** Whoever is to be ended: one session, all that a user has open, or everything, for it goes through a hub that stops. */
export const EndTarget = Schema.Union(
  Schema.Struct({ session_id: SessionId }),
  Schema.Struct({ user: UserName }),
  Schema.Struct({ everything: Schema.Literal(true) }),
)
export type EndTarget = typeof EndTarget.Type

const locks = Schema.Array(Lock).pipe(Schema.maxItems(mostLocks))

/** The hubs of a cluster that are there, as one of them knows them. */
export const ClusterHubs = Schema.Struct({
  /** The one that says so. */
  self: HubId,
  hubs: Schema.Array(Schema.Struct({ id: HubId, ...HubEntry.pick("address").fields })).pipe(Schema.maxItems(mostHubs)),
})
export type ClusterHubs = typeof ClusterHubs.Type

/** What a hub tells an agent on its control connection, one JSON text message each. */
export const ControlMessage = Schema.parseJson(
  Schema.Union(
    /**
     * The first message: who the hub takes the agent for, how often it will ping, in milliseconds, and the locks that hold. An
     * agent dials no tunnel before: it serves nobody without knowing them.
     */
    Schema.Struct({
      type: Schema.Literal("welcome"),
      node: Schema.String,
      ping_interval_ms: Schema.Positive,
      locks,
    }),
    /** All locks that hold from now on; those before are none any more. */
    Schema.Struct({ type: Schema.Literal("locks"), locks }),
    /** End this, telling its users why. The hub says so again until it has ended. */
    Schema.Struct({
      type: Schema.Literal("end"),
      target: EndTarget,
      reason: Schema.String.pipe(Schema.maxLength(512)),
    }),
    /** The hub stops, and ends everything in so many milliseconds: users are to know. */
    Schema.Struct({ type: Schema.Literal("stopping"), ends_in_ms: Schema.NonNegative }),
    /** Which hub this is, and the hubs of the cluster that are there now: an agent keeps a connection to each. */
    Schema.Struct({ type: Schema.Literal("hubs"), ...ClusterHubs.fields }),
    /** Dial this many tunnels now. */
    Schema.Struct({ type: Schema.Literal("dial"), tunnels: Schema.Int.pipe(Schema.between(1, maxDialled)) }),
  ),
)
export type ControlMessage = typeof ControlMessage.Type

/** The one text message on a tunnel, before the bytes of the connection that it announces. */
export const Announcement = Schema.parseJson(
  Schema.Struct({
    connection_id: Schema.String.pipe(Schema.maxLength(128)),
    /** `ADDRESS:PORT` of who connects, as the hub saw it. */
    remote_address: Schema.String.pipe(Schema.maxLength(256)),
    /** What that connection may be used for. */
    grant: AccessGrant,
  }),
)
export type Announcement = typeof Announcement.Type

/** Codes with which a hub closes an agent's connections (RFC 6455, 7.4.2: 4000–4999 are ours). */
export const closeCode = {
  goingAway: 1001,
  policy: 1008,
  /** The node was removed: it must not come back. */
  removed: 4001,
  /** The node, or the user, is locked. */

  /** Another connection of the same node took its place. */
  replaced: 4002,
  /** There are warm tunnels enough. */
  surplus: 4003,
  /** The node or the user is shut out. */
  shutOut: 4004,
} as const
