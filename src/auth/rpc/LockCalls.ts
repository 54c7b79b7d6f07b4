import { Effect } from "effect"
import { nameOf } from "../access/RpcAccess.ts"
import { Enforcer } from "../enforcement/Enforcer.ts"
import { shownLock } from "../locks/LockRecord.ts"
import { Locks } from "../locks/Locks.ts"
import type { Calls } from "./Calls.ts"
import { durationOf, guarded } from "./Guard.ts"

/** The calls about locks: what is decided holds when they return. */
export const lockCalls = Effect.gen(function* () {
  const [locks, enforcer] = [yield* Locks, yield* Enforcer]
  return {
    LocksAdd: ({ target, ttl, reason }) =>
      guarded("LocksAdd", (caller) =>
        locks
          .add({ target, ttl: ttl === null ? null : durationOf(ttl), reason }, nameOf(caller))
          .pipe(Effect.zipLeft(enforcer.now), Effect.map(shownLock)),
      ),
    LocksList: () => guarded("LocksList", () => Effect.map(locks.list, (all) => all.map(shownLock))),
    LocksRemove: ({ id }) =>
      guarded("LocksRemove", (caller) => Effect.zipRight(locks.remove(id, nameOf(caller)), enforcer.now)),
  } satisfies Calls<"LocksAdd" | "LocksList" | "LocksRemove">
})
