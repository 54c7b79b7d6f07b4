import { Schema } from "effect"
import { AccessGrant } from "../../domain/AccessGrant.ts"

/** Where agents' and users' connections begin. */
export const paths = {
  control: "/v1/agent/control",
  tunnel: "/v1/agent/tunnel",
  connect: "/v1/connect",
  rpc: "/v1/rpc",
  publicRpc: "/v1/rpc/public",
} as const

/** No message on a control connection is longer, in bytes; nor is an announcement. */
export const maxControlMessage = 16 * 1024

/** How many tunnels a hub may ask for at once. */
export const maxDialled = 64

/** What a hub tells an agent on its control connection, one JSON text message each. */
export const ControlMessage = Schema.parseJson(
  Schema.Union(
    /** The first message: who the hub takes the agent for, and how often it will ping, in milliseconds. */
    Schema.Struct({ type: Schema.Literal("welcome"), node: Schema.String, ping_interval_ms: Schema.Positive }),
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
  /** Another connection of the same node took its place. */
  replaced: 4002,
  /** There are warm tunnels enough. */
  surplus: 4003,
} as const
