import { Deferred, Effect, FiberId, type Scope } from "effect"
import type { SshClient } from "../../ssh/SshClient.ts"
import type { TargetFailed } from "./TargetFailed.ts"

/**
 * One connection to a target for all that one client's connection asks for, opened for whoever needs it first and again once it was
 * lost. Who asks while it is being opened shares how that ends; what failed is tried again by whoever comes next. It ends with
 * the scope.
 */
export const targetLink = Effect.fnUntraced(function* <A>(
  connect: (first: A) => Effect.Effect<SshClient, TargetFailed, Scope.Scope>,
): Effect.fn.Return<(asking: A) => Effect.Effect<SshClient, TargetFailed>, never, Scope.Scope> {
  const outer = yield* Effect.scope
  let link: Deferred.Deferred<SshClient, TargetFailed> | undefined

  const forget = Effect.sync(() => {
    link = undefined
  })

  const hold = (first: A, opened: Deferred.Deferred<SshClient, TargetFailed>) =>
    connect(first).pipe(
      Effect.tap((ssh) => Deferred.succeed(opened, ssh)),
      Effect.flatMap((ssh) => ssh.closed),
      Effect.ensuring(forget),
      Effect.scoped,
      Effect.onError((cause) => Deferred.failCause(opened, cause)),
      Effect.interruptible,
    )

  return (asking) =>
    Effect.uninterruptibleMask((restore) => {
      if (link !== undefined) return restore(Deferred.await(link))
      const opened = Deferred.unsafeMake<SshClient, TargetFailed>(FiberId.none)
      link = opened
      return Effect.zipRight(Effect.forkIn(hold(asking, opened), outer), restore(Deferred.await(opened)))
    })
})
