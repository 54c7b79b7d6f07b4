import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Option } from "effect"
import type { Forbidden } from "../../api/ApiError.ts"
import { Identity } from "../../api/Identity.ts"
import type { RoleName } from "../../domain/Identifiers.ts"
import { Roles } from "../roles/Roles.ts"
import { mayDoAsMuch } from "./mayGive.ts"
import { permissions, permissionsOf } from "./Permissions.ts"

/** That of a role that the hub doesn't understand: nobody knows what whoever has it may do once it does. */
const perhaps = permissionsOf(Identity.LocalAdmin())

/** Lets a caller do something to somebody who has these roles only if the caller may do as much as they. */
export const mayTouch = Effect.map(
  Roles,
  ({ find }) =>
    (caller: Identity, names: ReadonlyArray<RoleName>): Effect.Effect<void, Forbidden | SqlError> =>
      Effect.flatMap(Effect.forEach(names, find), (found) =>
        mayDoAsMuch(caller, Option.match(Option.all(found), { onNone: () => perhaps, onSome: permissions })),
      ),
)
