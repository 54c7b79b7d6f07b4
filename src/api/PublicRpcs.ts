import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema } from "effect"
import { Login, NodeId, NodeName, RoleName, UserName } from "../domain/Identifiers.ts"
import { ApiError } from "./ApiError.ts"

/** As many hubs of a cluster are told of. */
export const mostHubs = 32

/** A hub of the cluster. */
export const HubEntry = Schema.Struct({
  /** Where agents, users and other hubs reach it, as `parseHubAddress` reads it. */
  address: Schema.String.pipe(Schema.maxLength(300)),
  /** Port of its SSH front door; null where it does not listen. */
  ssh_port: Schema.NullOr(Schema.Int),
})
export type HubEntry = typeof HubEntry.Type

/** What anybody may know of a cluster, and what its members keep. Keys are lines in OpenSSH's public key form. */
export const ClusterInfo = Schema.Struct({
  cluster: Schema.String,
  version: Schema.String,
  user_ca: Schema.String,
  host_ca: Schema.String,
  /** The host key of the SSH front door. */
  ssh_host_key: Schema.String,
  /** Port of the SSH front door; null where it does not listen. */
  ssh_port: Schema.NullOr(Schema.Int),
  /** Keys that seal recordings, the newest first: raw 32-byte Ed25519 public keys in base64. */
  recording_keys: Schema.Array(Schema.String),
  /** The hubs that are there, as the one that answers knows them. */
  hubs: Schema.Array(HubEntry).pipe(Schema.maxItems(mostHubs)),
})
export type ClusterInfo = typeof ClusterInfo.Type

/** What a login gives: a certificate for the key that was shown, and the cluster's keys. */
export const Credentials = Schema.Struct({
  user: UserName,
  /** One line in OpenSSH's form (`ssh-ed25519-cert-v01@openssh.com AAAA…`). */
  certificate: Schema.String,
  expires_at: Schema.String,
  roles: Schema.Array(RoleName),
  logins: Schema.Array(Login),
  cluster: ClusterInfo,
})
export type Credentials = typeof Credentials.Type

/** What becomes of a login that did not fail. */
export const LoginAnswer = Schema.Union(
  Schema.TaggedStruct("LoggedIn", { credentials: Credentials }),
  /** The password is right, and the user's roles ask for a code of the authenticator app besides. */
  Schema.TaggedStruct("CodeNeeded", {}),
  /**
   * The same, of a user who has none yet: `secret` (base32, RFC 4648) goes into an authenticator app, `otpauth` is the same for a
   * QR code. The next login with a code of it, and with the password instead of an invite, keeps it.
   */
  Schema.TaggedStruct("EnrolmentNeeded", {
    secret: Schema.Redacted(Schema.String),
    otpauth: Schema.Redacted(Schema.String),
  }),
)
export type LoginAnswer = typeof LoginAnswer.Type

/** The password is right, but not the code of the second factor, or it was used before: another may be tried. */
export class WrongCode extends Schema.TaggedError<WrongCode>()("WrongCode", { message: Schema.String }) {}

/** What may be called without being known: to become known. */
export class PublicRpcs extends RpcGroup.make(
  Rpc.make("ClusterInfo", { success: ClusterInfo }),
  Rpc.make("Login", {
    payload: {
      user: Schema.String,
      /** The one-time invite; with it, `password` becomes the user's password. */
      invite: Schema.NullOr(Schema.String),
      password: Schema.Redacted(Schema.String),
      /** Six digits, once an answer was `CodeNeeded` or `EnrolmentNeeded`. */
      code: Schema.NullOr(Schema.Redacted(Schema.String)),
      /** `ssh-ed25519 AAAA…` */
      public_key: Schema.String,
    },
    success: LoginAnswer,
    error: Schema.Union(ApiError, WrongCode),
  }),
  Rpc.make("Join", {
    payload: {
      token: Schema.Redacted(Schema.String),
      name: NodeName,
      labels: Schema.Record({ key: Schema.String, value: Schema.String }),
      /** `ssh-ed25519 AAAA…`: with this key the node signs its tokens. */
      identity_key: Schema.String,
      /** `ssh-ed25519 AAAA…`: this key the node shows to SSH clients. */
      host_key: Schema.String,
    },
    success: Schema.Struct({
      node_id: NodeId,
      /** One line, `ssh-ed25519-cert-v01@openssh.com AAAA…`, for the host key. */
      host_certificate: Schema.String,
      cluster: ClusterInfo,
    }),
    error: ApiError,
  }),
) {}
