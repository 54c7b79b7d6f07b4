import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Effect, Stream } from "effect"
import { Unavailable } from "../../api/ApiError.ts"

const told = new Unavailable({
  message: "the hub could not do it: its database does not answer, or it has a fault; its log says more",
})

const hide = (what: unknown): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(Effect.logError("a call failed", Cause.isCause(what) ? what : Cause.fail(what)), Effect.fail(told))

const isSqlError = (error: unknown): error is SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

type Told<E> = Exclude<E, SqlError> | Unavailable

const hideSqlError = <E>(error: E): Effect.Effect<never, Told<E>> =>
  isSqlError(error) ? hide(error) : Effect.fail(error as Exclude<E, SqlError>)

/** A database failure or a defect becomes `Unavailable`: what failed goes to the hub's log, not to the caller. */
export const orUnavailable = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Told<E>, R> =>
  effect.pipe(
    Effect.catchAll((error): Effect.Effect<never, Told<E>> => hideSqlError(error)),
    Effect.catchAllDefect(hide),
  )

/** `orUnavailable` for a stream. */
export const orUnavailableStream = <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, Told<E>, R> =>
  stream.pipe(
    Stream.catchAll((error): Stream.Stream<never, Told<E>> => Stream.fromEffect(hideSqlError(error))),
    Stream.catchAllCause((cause) => (Cause.isDie(cause) ? Stream.fromEffect(hide(cause)) : Stream.failCause(cause))),
  )
