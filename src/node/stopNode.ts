import { type Duration, Effect } from "effect"
import { SessionRegistry } from "../session/SessionRegistry.ts"
import { NodeHost } from "./NodeHost.ts"
import { Drain } from "./session/Drain.ts"
import { SpoolUploader } from "./spool/SpoolUploader.ts"

/** What could not be brought to the hub within this stays for the next start. */
const uploadLimit = "3 seconds"

/** Ends all sessions at once, telling their users why. */
export const endSessions = Effect.gen(function* () {
  const [registry, host] = [yield* SessionRegistry, yield* NodeHost]
  yield* registry.end(() => true, `the ${host} is stopping`)
})

/** Lets sessions end by themselves, for `limit` at most; nothing new begins. Then ends them, and brings what they left to the hub. */
export const stopNode = Effect.fn("Node.stop")(function* (limit: Duration.Duration) {
  const [drain, uploader] = [yield* Drain, yield* SpoolUploader]
  yield* drain.run(limit)
  yield* endSessions
  yield* Effect.timeoutOption(uploader.settled, uploadLimit)
})
