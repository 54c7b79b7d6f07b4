import { Context, Deferred, Effect, Layer, Option, type Scope } from "effect"
import { type Lock, lockedMessage, lockOn } from "../../domain/Lock.ts"
import { ClientWay } from "../../session/ClientWay.ts"
import { SessionRegistry } from "../../session/SessionRegistry.ts"
import { AuthRejected } from "../../ssh/SshError.ts"
import type { HubOrders } from "./HubOrders.ts"
import { LocksByWay } from "./LocksByWay.ts"

/** Who uses this node, and as whom. */
export interface Usage {
  /** The Mezite user. */
  readonly user: string
  readonly login: string
}

/** An SSH connection that is logged in. */
export interface LiveConnection extends Usage {
  /** Ends it at once, for good; a client that listens is told why. */
  readonly cut: (reason: string) => Effect.Effect<void>
}

/** How long sessions have to say goodbye before their connections are cut. */
const farewellLimit = "1 second"

interface Held extends LiveConnection {
  /** See `ClientWay`. */
  readonly way: string
  readonly shutOut: Deferred.Deferred<void>
}

const make = (node: string) =>
  Effect.gen(function* () {
    const registry = yield* SessionRegistry
    const locks = new LocksByWay()
    const connections = new Set<Held>()

    /** First nothing new begins, then sessions end, then whatever else a connection carries. */
    const shutOut = (whom: (usage: Usage, way: string) => boolean, reason: string) =>
      Effect.gen(function* () {
        const ending = [...connections].filter((held) => whom(held, held.way))
        yield* Effect.forEach(ending, (held) => Deferred.succeed(held.shutOut, undefined), { discard: true })
        const ended = yield* registry.end(whom, reason).pipe(Effect.disconnect, Effect.timeoutOption(farewellLimit))
        if (ending.length === 0 && Option.contains(ended, 0)) return
        yield* Effect.logWarning("shut out").pipe(Effect.annotateLogs({ reason, connections: ending.length }))
        yield* Effect.forEach(ending, (held) => held.cut(reason), { concurrency: "unbounded", discard: true })
      })

    const lockOnUse = ({ user, login }: Usage) => Effect.sync(() => lockOn(locks.holding, { user, login, node }))

    const check = Effect.fn("AccessControl.check")(function* (usage: Usage) {
      const lock = yield* lockOnUse(usage)
      if (Option.isSome(lock)) return yield* new AuthRejected({ message: lockedMessage(lock.value), final: true })
    })

    const lock = (holding: ReadonlyArray<Lock>) =>
      Effect.zipRight(
        Effect.map(ClientWay, (way) => locks.says(way, holding)),
        Effect.forEach(
          holding,
          (one) => shutOut((usage) => Option.isSome(lockOn([one], { ...usage, node })), lockedMessage(one)),
          { concurrency: "unbounded", discard: true },
        ),
      )

    const hold = Effect.fnUntraced(function* (connection: LiveConnection) {
      const held: Held = { ...connection, way: yield* ClientWay, shutOut: yield* Deferred.make<void>() }
      yield* Effect.acquireRelease(
        Effect.sync(() => connections.add(held)),
        () => Effect.sync(() => connections.delete(held)),
      )
      // A lock that came between its login and this did not find it.
      const lock = yield* lockOnUse(connection)
      if (Option.isSome(lock))
        yield* Effect.zipRight(Deferred.succeed(held.shutOut, undefined), held.cut(lockedMessage(lock.value)))
      return Deferred.await(held.shutOut)
    })

    const end: HubOrders["end"] = (target, reason) => {
      // Of what goes by another hub than the one that orders it, that one knows nothing.
      if ("everything" in target) {
        return Effect.flatMap(ClientWay, (from) => shutOut((_, way) => way === from, reason))
      }
      return "user" in target
        ? shutOut(({ user }) => user === target.user, reason)
        : Effect.asVoid(registry.end(({ sessionId }) => sessionId === target.session_id, reason))
    }

    const leave = (reason: string) => shutOut(() => true, reason)

    const gone = Effect.map(ClientWay, (way) => locks.isGone(way))

    return { check, hold, orders: { lock, gone, end, leave } }
  })

/**
 * Who is let in and who is cut off, by the hub's word: a lock ends what a user, a login or this node has open, and keeps it out
 * for as long as the hub does not say otherwise, also while there is no hub.
 */
export class AccessControl extends Context.Tag("mezite/node/AccessControl")<
  AccessControl,
  {
    /** Fails, for good and with a word for the client, where that is locked. */
    readonly check: (usage: Usage) => Effect.Effect<void, AuthRejected>
    /** Counts a connection in for as long as the scope. Gives what completes once it may begin nothing new any more. */
    readonly hold: (connection: LiveConnection) => Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
    readonly orders: Omit<HubOrders, "stopping">
  }
>() {
  /** `node`: this node's name. */
  static readonly layer = (node: string): Layer.Layer<AccessControl, never, SessionRegistry> =>
    Layer.effect(AccessControl, make(node))
}
