import { Effect } from "effect"
import type { Exit } from "../../domain/SessionEnd.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"

/** What ssh(1) ends with when a connection is lost: so it does when a recording is. */
export const lost: Exit = { _tag: "Code", code: 255 }

/** What a program ends with that could not do its work. */
export const failed: Exit = { _tag: "Code", code: 1 }

const limit = "2 seconds"

/** Tells the user why it is over, and ends it. A client that reads nothing is not waited for. */
export const farewell = (channel: SessionChannel, line: Uint8Array, exit: Exit = lost): Effect.Effect<void> =>
  Effect.ignore(channel.writeStderr(line)).pipe(
    Effect.zipRight(channel.exit(exit)),
    Effect.interruptible,
    Effect.timeout(limit),
    Effect.ignore,
  )
