import { Data, Effect, Option } from "effect"
import { type FinishedRecording, PlaceTaken } from "../../RecordingStorage.ts"
import type { ObjectHead } from "./objectHead.ts"
import type { StoreError } from "./StoreError.ts"

/** What must be in an object's place for it to be put there (RFC 9110, 13.1). */
export type PutCondition = { readonly IfNoneMatch: "*" } | { readonly IfMatch: string }

/** What is to be done with a recording where this is in its place. */
export type PutDecision = Data.TaggedEnum<{
  /** It is there already. */
  There: object
  Put: { readonly condition: PutCondition }
}>
export const PutDecision = Data.taggedEnum<PutDecision>()

/** Decides by what is there: nothing is replaced but what the recording says it replaces. */
export const decidePut = (
  recording: FinishedRecording,
  there: Option.Option<ObjectHead>,
): Effect.Effect<PutDecision, PlaceTaken> => {
  if (Option.isNone(there)) return Effect.succeed(PutDecision.Put({ condition: { IfNoneMatch: "*" } }))
  const { bytes, digest, etag } = there.value
  if (digest === recording.digest && bytes === recording.bytes) return Effect.succeed(PutDecision.There())
  return Option.contains(recording.replaces, digest)
    ? Effect.succeed(PutDecision.Put({ condition: { IfMatch: etag } }))
    : Effect.fail(new PlaceTaken({ digest }))
}

/** Sends a request on a condition; without, where the store does not know conditions. */
export const conditionally = <A>(
  condition: PutCondition,
  send: (condition: Partial<PutCondition>) => Effect.Effect<A, StoreError>,
): Effect.Effect<A, StoreError> =>
  Effect.catchIf(
    send(condition),
    ({ status }) => status === 501,
    () => send({}),
  )
