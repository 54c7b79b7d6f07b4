import { Effect, Option, Stream } from "effect"
import type { LockInfo } from "../../api/ClusterRpcs.ts"
import type { Login, NodeName, UserName } from "../../domain/Identifiers.ts"
import type { LockId, LockTarget } from "../../domain/Lock.ts"
import { printLine } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { adminHub } from "./AdminHub.ts"

/** `mezctl locks add`. */
export interface LockOptions {
  readonly user: Option.Option<UserName>
  readonly node: Option.Option<NodeName>
  readonly login: Option.Option<Login>
  readonly ttl: Option.Option<string>
  readonly reason: string
}

const targetOf = ({ user, node, login }: LockOptions): Option.Option<LockTarget> => {
  const [target, ...more] = [
    ...Option.toArray(user).map((name): LockTarget => ({ kind: "user", name })),
    ...Option.toArray(node).map((name): LockTarget => ({ kind: "node", name })),
    ...Option.toArray(login).map((name): LockTarget => ({ kind: "login", name })),
  ]
  return more.length === 0 ? Option.fromNullable(target) : Option.none()
}

/** Shuts a user, a node or a login out, and ends what it has running; the lock's id goes to standard output alone. */
export const addLock = Effect.fn("mezctl.locks.add")(function* (options: LockOptions) {
  const target = targetOf(options)
  if (Option.isNone(target)) {
    return yield* new WrongUsage({ message: "locks add: give one of --user, --node and --login (see --help)" })
  }
  const client = yield* adminHub
  const { ttl, reason } = options
  const { id } = yield* client.LocksAdd({ target: target.value, ttl: Option.getOrNull(ttl), reason })
  yield* printLine(id)
}, Effect.scoped)

const columns: Columns<LockInfo> = {
  header: ["ID", "LOCKED", "NAME", "UNTIL", "BY", "CREATED", "REASON"],
  row: ({ id, user, node, login, expires_at, created_by, created_at, reason }) => [
    id,
    user !== null ? "user" : node !== null ? "node" : "login",
    user ?? node ?? login,
    expires_at,
    created_by,
    created_at,
    reason,
  ],
}

/** Lists the locks that hold. */
export const listLocks = Effect.fn("mezctl.locks.ls")(function* (format: ListFormat) {
  const client = yield* adminHub
  yield* printList(Stream.fromIterable(yield* client.LocksList()), format, columns)
}, Effect.scoped)

/** Removes a lock. */
export const removeLock = Effect.fn("mezctl.locks.rm")(function* (id: LockId) {
  const client = yield* adminHub
  yield* client.LocksRemove({ id })
}, Effect.scoped)
