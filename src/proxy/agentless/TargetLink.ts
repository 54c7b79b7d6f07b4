import { Effect, ExecutionStrategy, Exit, Scope } from "effect"
import type { SshClient } from "../../ssh/SshClient.ts"
import type { TargetFailed } from "./TargetFailed.ts"

/**
 * One connection to a target for all that one client's connection asks for, opened when it is first needed and again once it was lost;
 * what failed is tried again by whoever comes next. It ends with the scope.
 */
export const targetLink = Effect.fnUntraced(function* (
  connect: Effect.Effect<SshClient, TargetFailed, Scope.Scope>,
): Effect.fn.Return<Effect.Effect<SshClient, TargetFailed>, never, Scope.Scope> {
  const outer = yield* Effect.scope
  const alone = yield* Effect.makeSemaphore(1)
  let open: SshClient | undefined

  const reconnect = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
      const end = (exit: Exit.Exit<unknown, unknown>) => Scope.close(scope, exit)
      const ssh = yield* restore(Scope.extend(connect, scope)).pipe(
        Effect.onError((cause) => end(Exit.failCause(cause))),
      )
      open = ssh
      const lost = Effect.suspend(() => {
        if (open === ssh) open = undefined
        return end(Exit.void)
      })
      yield* Effect.forkIn(Effect.zipRight(ssh.closed, lost), outer)
      return ssh
    }),
  )
  return alone.withPermits(1)(Effect.suspend(() => (open === undefined ? reconnect : Effect.succeed(open))))
})
