import { Effect, Option, Stream } from "effect"
import type { KeyRing, RecordingError } from "../../../recording/index.ts"
import { inClear, nothingTold } from "./inClear.ts"

/** Where a recording is now. */
export interface Whereabouts<E> {
  /** In the same place it is the same file, which only grows. */
  readonly place: string
  /** Whether somebody may go on with it; else the file is as it stays. */
  readonly grows: boolean
  readonly keys: KeyRing
  /** The bytes from an offset on, up to what is written now. */
  readonly from: (offset: number) => Stream.Stream<Uint8Array, E>
}

/** Before a file that grows is looked at again. */
const pauseMs = 250

/** So often in a row it may be out of reach: as long as another hub takes to find out that the one that has it is lost. */
const mostFailures = 30_000 / pauseMs

/** The bytes of a recording as it grows, for as long as it stays where it is. */
const growing = <E>(first: Whereabouts<E>, whereabouts: Effect.Effect<Whereabouts<E>, E>) => {
  let [at, failures] = [0, 0]
  const read = ({ from, grows }: Whereabouts<E>) =>
    Stream.suspend(() => from(at)).pipe(
      Stream.map((piece) => {
        at += piece.length
        failures = 0
        return piece
      }),
      Stream.catchAll((error) => {
        failures += 1
        return grows && failures < mostFailures ? Stream.empty : Stream.fail(error)
      }),
    )
  const again = whereabouts.pipe(
    Effect.delay(pauseMs),
    Effect.map((now) => Option.filter(Option.some(now), ({ place }) => place === first.place)),
  )
  return Stream.unfoldEffect(Effect.succeedSome(first), (next: Effect.Effect<Option.Option<Whereabouts<E>>, E>) =>
    Effect.map(
      next,
      Option.map((now) => [read(now), now.grows ? again : Effect.succeedNone] as const),
    ),
  ).pipe(Stream.flatten())
}

/**
 * A recording in clear as it grows, to its End, or until nobody goes on with it. In another place, where another hub took it over
 * or where it is stored, it is read from the beginning, and what was told is left out.
 */
export const followed = <E>(
  whereabouts: Effect.Effect<Whereabouts<E>, E>,
): Stream.Stream<Uint8Array, E | RecordingError> =>
  Stream.suspend(() => {
    const told = nothingTold()
    const pass = (now: Whereabouts<E>): Stream.Stream<Uint8Array, E | RecordingError> =>
      Stream.concat(
        inClear(growing(now, whereabouts), now.keys, told),
        Stream.unwrap(
          Effect.map(whereabouts, (next) =>
            told.end || (next.place === now.place && !next.grows) ? Stream.empty : pass(next),
          ),
        ),
      )
    return Stream.unwrap(Effect.map(whereabouts, pass))
  })
