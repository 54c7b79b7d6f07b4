import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema } from "effect"
import { SessionId } from "../domain/Identifiers.ts"
import { ApiError } from "./ApiError.ts"
import { Authentication } from "./Identity.ts"

/** What one hub asks of another; who may see what it gives, the one that asks has decided. */
export class HubRpcs extends RpcGroup.make(
  /**
   * The bytes that are on that hub's disk of a recording that isn't in its place yet, as they are there, from an offset on.
   * `NotFound`: none.
   */
  Rpc.make("LocalRecording", {
    payload: { session_id: SessionId, from: Schema.NonNegativeInt },
    success: Schema.Uint8ArrayFromSelf,
    error: ApiError,
    stream: true,
  }),
).middleware(Authentication) {}
