import { Data, type Effect } from "effect"

/**
 * A client's request that the server listen at `host:port` and pass on who connects there, or no longer (RFC 4254 section 7.1).
 * Each is answered once; the client is told in the order in which it asked.
 */
export type ListenRequest = Data.TaggedEnum<{
  Listen: {
    /** As the client wrote it: "" and "*" for everywhere, "localhost" … */
    readonly host: string
    /** 0: any that is free. */
    readonly port: number
    /** Tells the port; it is the one asked for, unless that was 0. */
    readonly accept: (port: number) => Effect.Effect<void>
    readonly reject: Effect.Effect<void>
  }
  Cancel: {
    readonly host: string
    readonly port: number
    readonly accept: Effect.Effect<void>
    readonly reject: Effect.Effect<void>
  }
}>
export const ListenRequest = Data.taggedEnum<ListenRequest>()
