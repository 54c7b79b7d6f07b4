import { Effect } from "effect"
import { Forbidden } from "../../api/ApiError.ts"
import type { Identity } from "../../api/Identity.ts"
import { nothingRuled, type Role } from "../../domain/Role.ts"
import { covers, type Permissions, permissions, permissionsOf } from "./Permissions.ts"

const tooMuch = new Forbidden({
  message: "that is somebody, or a role, that may do more than you: ask an admin who may do as much",
})

/** Whether somebody may do all that another may. */
export const mayDoAsMuch = (giver: Identity, given: Permissions): Effect.Effect<void, Forbidden> =>
  covers(permissionsOf(giver), given) ? Effect.void : Effect.fail(tooMuch)

/**
 * Lets nobody raise themselves by what they make or change: it is for those who may do all that these roles allow. Which
 * logins there are on which nodes does not count here: whoever writes users or roles decides about them.
 */
export const mayGive = (giver: Identity, given: ReadonlyArray<Role>): Effect.Effect<void, Forbidden> =>
  mayDoAsMuch(giver, permissions(given))

/** The same for a role that is changed or removed, and with it what it denied: all of that, whatever it allows itself. */
export const mayChange = (giver: Identity, role: Role): Effect.Effect<void, Forbidden> =>
  Effect.zipRight(mayGive(giver, [{ ...role, allow: role.deny, deny: nothingRuled }]), mayGive(giver, [role]))
