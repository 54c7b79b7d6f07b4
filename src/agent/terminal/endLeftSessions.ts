import { Effect } from "effect"
import { Spool } from "../../node/spool/Spool.ts"
import { endLeftProcesses } from "./endLeftProcesses.ts"

/** Ends what still runs of sessions that an earlier agent did not live to end: nothing goes on that nobody records. */
export const endLeftSessions = Effect.gen(function* () {
  const { cutOff } = yield* Spool
  yield* Effect.forEach(cutOff, endLeftProcesses, { concurrency: 4, discard: true })
})
