import { Array as Arr, Effect, Either, Equivalence, type Option } from "effect"
import { Invalid, NotFound } from "../../api/ApiError.ts"
import type { Identity } from "../../api/Identity.ts"
import type { RoleName } from "../../domain/Identifiers.ts"
import { parseRole } from "../../domain/parseRole.ts"
import type { Role } from "../../domain/Role.ts"
import { mayChange, mayGive } from "../access/mayGive.ts"
import { mayTouch } from "../access/mayTouch.ts"
import { nameOf } from "../access/RpcAccess.ts"
import { Users } from "../identities/Users.ts"
import { Roles } from "../roles/Roles.ts"
import type { Calls } from "./Calls.ts"
import { guarded } from "./Guard.ts"

const read = (document: unknown) => Either.mapLeft(parseRole(document), (message) => new Invalid({ message }))

/** The calls about roles. */
export const roleCalls = Effect.gen(function* () {
  const [roles, users, mayTouchRoles] = [yield* Roles, yield* Users, yield* mayTouch]

  const known = (name: string, found: Option.Option<Role>) =>
    Effect.mapError(found, () => new NotFound({ message: `there is no role ${name}` }))

  /** What everybody who has that role has with it, each set once. */
  const heldWith = (name: RoleName) =>
    Effect.map(users.list, (all) =>
      Arr.dedupeWith(
        all.flatMap((user) => (user.roles.includes(name) ? [user.roles] : [])),
        Arr.getEquivalence(Equivalence.string),
      ),
    )

  /**
   * Lets a caller do something to a role that stays meanwhile as it is: who may do as much as the role says, and as everybody who has it,
   * since by what it denies, and by the second factor that it asks for, it decides about them too.
   */
  const touching = <A, E, R>(caller: Identity, name: RoleName, call: Effect.Effect<A, E, R>) =>
    roles.whileHeld(name, (found) =>
      Effect.gen(function* () {
        yield* mayChange(caller, yield* known(name, found))
        for (const names of yield* heldWith(name)) yield* mayTouchRoles(caller, names)
        return yield* call
      }),
    )

  return {
    RolesList: () => guarded("RolesList", () => roles.list),
    RolesGet: ({ name }) => guarded("RolesGet", () => Effect.flatMap(roles.find(name), (found) => known(name, found))),
    RolesCreate: ({ document }) =>
      guarded("RolesCreate", (caller) =>
        Effect.gen(function* () {
          const role = yield* read(document)
          yield* mayGive(caller, [role])
          yield* roles.create(role, nameOf(caller))
        }),
      ),
    RolesUpdate: ({ document }) =>
      guarded("RolesUpdate", (caller) =>
        Effect.gen(function* () {
          const role = yield* read(document)
          yield* mayGive(caller, [role])
          yield* touching(caller, role.name, roles.update(role, nameOf(caller)))
        }),
      ),
    RolesRemove: ({ name }) =>
      guarded("RolesRemove", (caller) => touching(caller, name, roles.remove(name, nameOf(caller)))),
  } satisfies Calls<"RolesList" | "RolesGet" | "RolesCreate" | "RolesUpdate" | "RolesRemove">
})
