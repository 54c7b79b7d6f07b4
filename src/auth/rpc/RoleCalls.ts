import { Effect, Either, Option } from "effect"
import { Invalid, NotFound } from "../../api/ApiError.ts"
import { parseRole } from "../../domain/parseRole.ts"
import { mayChange, mayGive } from "../access/mayGive.ts"
import { nameOf } from "../access/RpcAccess.ts"
import { Roles } from "../roles/Roles.ts"
import type { Calls } from "./Calls.ts"
import { guarded } from "./Guard.ts"

const read = (document: unknown) => Either.mapLeft(parseRole(document), (message) => new Invalid({ message }))

/** The calls about roles. */
export const roleCalls = Effect.gen(function* () {
  const roles = yield* Roles

  const known = Effect.fnUntraced(function* (name: string) {
    const found = yield* roles.find(name)
    return yield* Option.match(found, {
      onNone: () => new NotFound({ message: `there is no role ${name}` }),
      onSome: Effect.succeed,
    })
  })

  return {
    RolesList: () => guarded("RolesList", () => roles.list),
    RolesGet: ({ name }) => guarded("RolesGet", () => known(name)),
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
          yield* mayChange(caller, yield* known(role.name))
          yield* roles.update(role, nameOf(caller))
        }),
      ),
    RolesRemove: ({ name }) =>
      guarded("RolesRemove", (caller) =>
        Effect.gen(function* () {
          yield* mayChange(caller, yield* known(name))
          yield* roles.remove(name, nameOf(caller))
        }),
      ),
  } satisfies Calls<"RolesList" | "RolesGet" | "RolesCreate" | "RolesUpdate" | "RolesRemove">
})
