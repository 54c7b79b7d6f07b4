import { Deferred, Effect, type Scope } from "effect"
import type { NodeId, SessionId } from "../../domain/Identifiers.ts"
import { IngestRefused } from "./IngestRefused.ts"

interface Claim {
  readonly node: NodeId
  readonly leave: Deferred.Deferred<never, IngestRefused>
  readonly left: Deferred.Deferred<void>
}

const superseded = new IngestRefused({ reason: "superseded", message: "another stream goes on with this recording" })

/**
 * Lets one stream at a time write a session's recording. A newer stream of the same node takes over: the older one is
 * dead, and does not know it.
 */
export const makeSessionClaims = () => {
  const claims = new Map<SessionId, Claim>()

  /** Claims a session for as long as the scope; the effect that it gives fails when another stream wants it. */
  const claim = (
    sessionId: SessionId,
    node: NodeId,
  ): Effect.Effect<Effect.Effect<never, IngestRefused>, IngestRefused, Scope.Scope> =>
    Effect.suspend(() => {
      const other = claims.get(sessionId)
      if (other === undefined) return take(sessionId, node)
      if (other.node !== node) {
        return Effect.fail(new IngestRefused({ reason: "denied", message: "this session is another node's" }))
      }
      return Effect.logWarning(`session ${sessionId}: a newer stream of its node takes over from the older`).pipe(
        Effect.zipRight(Deferred.fail(other.leave, superseded)),
        Effect.zipRight(Deferred.await(other.left)),
        Effect.zipRight(claim(sessionId, node)),
      )
    })

  const take = (sessionId: SessionId, node: NodeId) =>
    Effect.acquireRelease(
      Effect.gen(function* () {
        const leave = yield* Deferred.make<never, IngestRefused>()
        const own: Claim = { node, leave, left: yield* Deferred.make<void>() }
        claims.set(sessionId, own)
        return own
      }),
      (own) =>
        Effect.suspend(() => {
          claims.delete(sessionId)
          return Deferred.succeed(own.left, undefined)
        }),
    ).pipe(Effect.map((own) => Deferred.await(own.leave)))

  /** Ends whatever streams of a node there are. */
  const expel = (node: NodeId, refused: IngestRefused): Effect.Effect<void> =>
    Effect.suspend(() =>
      Effect.forEach(
        [...claims.values()].filter((claim) => claim.node === node),
        ({ leave }) => Deferred.fail(leave, refused),
        { discard: true },
      ),
    )

  return { claim, expel }
}
