import { Context, type Stream } from "effect"
import type { NotFound, Unavailable } from "../../api/ApiError.ts"

/** A port to where recordings are kept. */
export class RecordingStore extends Context.Tag("mezite/auth/RecordingStore")<
  RecordingStore,
  {
    /**
     * A recording's bytes, in order, of a session that runs as of one that is over. `sealed`: the file as it is stored; else
     * in clear and without its seals. `NotFound`: the session was not recorded.
     */
    readonly read: (
      sessionId: string,
      options: { readonly sealed: boolean },
    ) => Stream.Stream<Uint8Array, NotFound | Unavailable>
    /** The same in clear, and what is recorded from now on, to the session's end. */
    readonly follow: (sessionId: string) => Stream.Stream<Uint8Array, NotFound | Unavailable>
  }
>() {}
