import {
  Context,
  Deferred,
  type Duration,
  Effect,
  ExecutionStrategy,
  Exit,
  Layer,
  Option,
  Schedule,
  Scope,
} from "effect"
import type { EndTarget } from "../../api/transport/TunnelMessages.ts"
import type { NodeId, NodeName } from "../../domain/Identifiers.ts"
import type { Lock } from "../../domain/Lock.ts"
import { NodeOffline } from "../TunnelErrors.ts"
import { type AgentlessNode, AgentlessNodes } from "./AgentlessNodes.ts"
import { type Gateway, type GatewayOptions, startGateway } from "./Gateway.ts"
import { TargetReach } from "./TargetReach.ts"

/** How soon a node that was added is served also where nobody asks for it. */
const interval = "1 second"

/** As what gateways serve, and for how long. */
interface Begun {
  readonly options: GatewayOptions
  readonly scope: Scope.Scope
}

interface Held {
  readonly gateway: Gateway
  readonly scope: Scope.CloseableScope
}

const make = Effect.gen(function* () {
  const [nodes, reach] = [yield* AgentlessNodes, yield* TargetReach]
  const alone = yield* Effect.makeSemaphore(1)
  const begun = yield* Deferred.make<Begun>()
  const held = new Map<NodeId, Held>()
  let locks: ReadonlyArray<Lock> = []

  const offline = (node: string) => (error: { readonly message: string }) =>
    new NodeOffline({ node, message: `the hub cannot serve ${node} now: ${error.message}` })

  const start = (node: AgentlessNode) =>
    Effect.gen(function* () {
      const { options, scope: serving } = yield* Effect.interruptible(Deferred.await(begun))
      const scope = yield* Scope.fork(serving, ExecutionStrategy.sequential)
      const gateway = yield* Scope.extend(startGateway(node, { nodes, reach }, options), scope).pipe(
        Effect.interruptible,
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      )
      held.set(node.id, { gateway, scope })
      yield* gateway.orders.lock(locks)
      return gateway
    }).pipe(Effect.uninterruptible)

  /** The node's gateway, which is started where it is not there yet. */
  const ensure = (id: NodeId) =>
    Effect.gen(function* () {
      const known = held.get(id)
      if (known !== undefined) return known.gateway
      const found = yield* Effect.mapError(nodes.find(id), offline(id))
      if (Option.isNone(found)) return yield* new NodeOffline({ node: id, message: "this node was removed" })
      return yield* Effect.mapError(start(found.value), offline(found.value.name))
    }).pipe(alone.withPermits(1))

  const keepUp = nodes.ids.pipe(
    Effect.flatMap((ids) =>
      Effect.forEach(ids, (id) => Effect.catchAll(ensure(id), ({ message }) => Effect.logWarning(message)), {
        discard: true,
      }),
    ),
    Effect.catchAll(({ message }) => Effect.logWarning(`nodes without an agent cannot be looked up: ${message}`)),
    Effect.repeat(Schedule.spaced(interval)),
  )

  const begin = Effect.fnUntraced(function* (options: GatewayOptions) {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel)
    yield* Deferred.succeed(begun, { options, scope })
    yield* Effect.forkScoped(keepUp)
  })

  const each = (order: (gateway: Gateway) => Effect.Effect<void>, node?: NodeName) =>
    Effect.suspend(() => {
      const all = [...held.values()].map(({ gateway }) => gateway)
      const told = node === undefined ? all : all.filter((gateway) => gateway.node.name === node)
      return Effect.forEach(told, order, { concurrency: "unbounded", discard: true })
    })

  const remove = Effect.fn("Gateways.remove")(function* (id: NodeId) {
    const gone = held.get(id)
    held.delete(id)
    if (gone === undefined) return
    yield* gone.gateway.orders.leave("the node was removed from the cluster")
    yield* Scope.close(gone.scope, Exit.void)
  })

  return Gateways.of({
    begin,
    open: ensure,
    served: Effect.sync(() => new Set(held.keys())),
    hold: (holding) =>
      Effect.suspend(() => {
        const before = new Set(locks.map(({ id }) => id))
        if (holding.length === before.size && holding.every(({ id }) => before.has(id))) return Effect.void
        locks = holding
        return each(({ orders }) => orders.lock(holding))
      }),
    end: (target, reason, node) => each(({ orders }) => orders.end(target, reason), node),
    stopping: (endsIn) => each(({ orders }) => orders.stopping(endsIn)),
    remove,
  })
})

/** The nodes without an agent, which this hub serves itself: `Tunnels` are the way to the others. */
export class Gateways extends Context.Tag("mezite/proxy/Gateways")<
  Gateways,
  {
    /**
     * The hub serves, and this is how it is reached from within: until then nobody is served. With the scope all that is served
     * ends, and what is recorded of it goes to the hub, which has to be there until then.
     */
    readonly begin: (options: GatewayOptions) => Effect.Effect<void, never, Scope.Scope>
    readonly open: (id: NodeId) => Effect.Effect<Gateway, NodeOffline>
    /** Those that are served now, whether their machines are there or not: see `TargetReach`. */
    readonly served: Effect.Effect<ReadonlySet<NodeId>>
    /** These locks hold from now on; who is locked is cut off. */
    readonly hold: (locks: ReadonlyArray<Lock>) => Effect.Effect<void>
    /** Ends something of a node, or of every one, and tells its users why. */
    readonly end: (target: EndTarget, reason: string, node?: NodeName) => Effect.Effect<void>
    /** The hub stops: tells everybody who uses a session when that will be ended. */
    readonly stopping: (endsIn: Duration.Duration) => Effect.Effect<void>
    /** Ends what a node that was removed has open, and serves it no more. */
    readonly remove: (id: NodeId) => Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<Gateways, never, AgentlessNodes | TargetReach> = Layer.effect(
    Gateways,
    Effect.suspend(() => make),
  )
}
