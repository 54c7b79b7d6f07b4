import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { Conflict, NotFound } from "../../../api/ApiError.ts"
import type { FileFailed } from "../../../session/FileFailed.ts"
import type { HeldElsewhere } from "../../hubs/HeldElsewhere.ts"
import type { StorageFailed } from "../../storage/RecordingStorage.ts"
import { IngestRefused } from "../IngestRefused.ts"

type Trouble = FileFailed | StorageFailed | SqlError | NotFound | Conflict | HeldElsewhere

/** The hub's own trouble is for its log; the agent learns that it shall come again. */
export const orUnavailable = <A, R>(
  effect: Effect.Effect<A, IngestRefused | Trouble, R>,
): Effect.Effect<A, IngestRefused, R> =>
  Effect.catchAll(effect, (error) => {
    if (error._tag === "IngestRefused") return Effect.fail(error)
    if (error._tag === "HeldElsewhere")
      return Effect.fail(new IngestRefused({ reason: "superseded", message: error.message }))
    if (error._tag === "Conflict") return Effect.fail(new IngestRefused({ reason: "denied", message: error.message }))
    return Effect.zipRight(
      Effect.logError("a recording cannot be taken in", error),
      new IngestRefused({ reason: "unavailable", message: "the hub cannot store the recording now" }),
    )
  })
