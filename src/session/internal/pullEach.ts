import { type Chunk, Effect, Option, Stream } from "effect"

/**
 * Runs `each` for every chunk of a stream, as `Stream.runForEachChunk` does, by plain pulls: without a sink's machinery in
 * between, which would cost a keystroke more than all that is done with it.
 */
export const pullEach = <A, E, R, E2, R2>(
  stream: Stream.Stream<A, E, R>,
  each: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E2, R2>,
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      const next: Effect.Effect<void, E | E2, R | R2> = Effect.matchEffect(pull, {
        onFailure: Option.match({ onNone: () => Effect.void, onSome: (error: E) => Effect.fail(error) }),
        onSuccess: (chunk) => Effect.zipRight(each(chunk), next),
      })
      return next
    }),
  )
