import { RpcMiddleware } from "@effect/rpc"
import { Context, Data } from "effect"
import type { HubId, Login, NodeId, NodeName, UserName } from "../domain/Identifiers.ts"
import type { Role } from "../domain/Role.ts"
import { Unauthenticated } from "./ApiError.ts"

/** Who calls. */
export type Identity = Data.TaggedEnum<{
  /** Whoever may open the hub's unix socket: its own user, on its own host. */
  LocalAdmin: object
  User: {
    readonly user: UserName
    /** What the user's roles say now; empty where one of them isn't known. */
    readonly roles: ReadonlyArray<Role>
    readonly logins: ReadonlyArray<Login>
    /** Unix milliseconds: since when the name is this user's, and not somebody's who had it before. */
    readonly createdMs: number
  }
  Node: { readonly id: NodeId; readonly name: NodeName }
  /** Another hub of this cluster. */
  Hub: { readonly id: HubId }
}>
export const Identity = Data.taggedEnum<Identity>()

/** The caller of the request being handled, as the hub itself established it. */
export class CurrentIdentity extends Context.Tag("mezite/api/CurrentIdentity")<CurrentIdentity, Identity>() {}

/** Finds out who calls: by the bearer token of the connection, or by the unix socket that it came through. */
export class Authentication extends RpcMiddleware.Tag<Authentication>()("mezite/api/Authentication", {
  provides: CurrentIdentity,
  failure: Unauthenticated,
}) {}
