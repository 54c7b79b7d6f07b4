import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Duration, Effect, Option, Stream } from "effect"
import type { Forbidden, Unauthenticated, Unavailable } from "../../api/ApiError.ts"
import type { CurrentIdentity, Identity } from "../../api/Identity.ts"
import { parseDuration } from "../../domain/Durations.ts"
import { Callers } from "../access/Callers.ts"
import { authorize, type ClusterRpc, mayGoOn } from "../access/RpcAccess.ts"
import { EventOrigin } from "../audit/EventOrigin.ts"
import { orUnavailable, orUnavailableStream } from "../database/OrUnavailable.ts"
import { CallerAddress } from "./CallerAddress.ts"

type Told<E> = Exclude<E | Forbidden, SqlError> | Unavailable

/**
 * A call that is only made for a caller who may; its unexpected failures stay in the hub, and what it writes into the audit log
 * says where the caller is.
 */
export const guarded = <A, E, R>(
  rpc: ClusterRpc,
  call: (caller: Identity) => Effect.Effect<A, E, R>,
): Effect.Effect<A, Told<E>, R | CurrentIdentity> =>
  authorize(rpc).pipe(Effect.flatMap(call), Effect.provideServiceEffect(EventOrigin, CallerAddress), orUnavailable)

/**
 * `guarded` for a call that answers with a stream, which breaks off when its caller is locked or removed, or has roles by then that do not
 * allow it.
 */
export const guardedStream = <A, E, R>(
  rpc: ClusterRpc,
  call: (caller: Identity) => Stream.Stream<A, E, R>,
): Stream.Stream<A, Told<E | Unauthenticated>, R | CurrentIdentity | Callers> =>
  orUnavailableStream(
    Stream.unwrap(
      Effect.gen(function* () {
        const caller = yield* authorize(rpc)
        const [{ watch }, origin] = [yield* Callers, yield* CallerAddress]
        const lost = watch(caller, (now) => mayGoOn(rpc, caller, now))
        return Stream.interruptWhen(call(caller), lost).pipe(Stream.provideService(EventOrigin, origin))
      }),
    ),
  )

/** That long ago, in Unix milliseconds; null where no limit was asked for. */
export const ago = (last: string | null): Effect.Effect<number | null> =>
  Effect.map(Clock.currentTimeMillis, (now) =>
    last === null
      ? null
      : Option.match(parseDuration(last), { onNone: () => null, onSome: (length) => now - Duration.toMillis(length) }),
  )

/** A duration that its schema has already accepted. */
export const durationOf = (text: string): Duration.Duration => Option.getOrThrow(parseDuration(text))
