import { Effect, Option } from "effect"
import type { Identity } from "../../api/Identity.ts"
import type { RoleName } from "../../domain/Identifiers.ts"
import { mayGive } from "../access/mayGive.ts"
import { mayTouch } from "../access/mayTouch.ts"
import { nameOf } from "../access/RpcAccess.ts"
import { Enforcer } from "../enforcement/Enforcer.ts"
import { Logins } from "../identities/Logins.ts"
import { shownUser } from "../identities/UserRecord.ts"
import { type InvitedUser, Users } from "../identities/Users.ts"
import { Roles } from "../roles/Roles.ts"
import { CallerAddress } from "./CallerAddress.ts"
import type { Calls } from "./Calls.ts"
import { durationOf, guarded } from "./Guard.ts"

const shownInvite = ({ user, invite, expiresAtMs }: InvitedUser) => ({
  user: shownUser(user),
  invite,
  expires_at: new Date(expiresAtMs).toISOString(),
})

/** The calls about users and their credentials. */
export const userCalls = Effect.gen(function* () {
  const [users, logins, known] = [yield* Users, yield* Logins, yield* Roles]
  const [enforcer, mayTouchRoles] = [yield* Enforcer, yield* mayTouch]

  const maySet = Effect.fnUntraced(function* (caller: Identity, roles: ReadonlyArray<RoleName>) {
    yield* mayGive(caller, yield* known.all(roles))
  })

  /**
   * Lets a caller do something to a user who may do no more than the caller, nor is given more meanwhile. That a user isn't there is
   * for the call itself to tell.
   */
  const touching = <A, E, R>(caller: Identity, name: string, call: Effect.Effect<A, E, R>) =>
    users.whileHeld(name, (user) =>
      Effect.zipRight(
        mayTouchRoles(caller, Option.match(user, { onNone: () => [], onSome: ({ roles }) => roles })),
        call,
      ),
    )

  return {
    UsersAdd: (wanted) =>
      guarded("UsersAdd", (caller) =>
        Effect.zipRight(maySet(caller, wanted.roles), Effect.map(users.add(wanted, nameOf(caller)), shownInvite)),
      ),
    UsersUpdate: ({ name, roles, logins: wanted }) =>
      guarded("UsersUpdate", (caller) =>
        Effect.gen(function* () {
          yield* maySet(caller, roles ?? [])
          const access = { ...(roles && { roles }), ...(wanted && { logins: wanted }) }
          return shownUser(yield* touching(caller, name, users.update(name, access, nameOf(caller))))
        }),
      ),
    UsersReset: ({ name }) =>
      guarded("UsersReset", (caller) =>
        touching(caller, name, users.reset(name, nameOf(caller))).pipe(
          Effect.zipLeft(enforcer.now),
          Effect.map(shownInvite),
        ),
      ),
    UsersList: () => guarded("UsersList", () => Effect.map(users.list, (all) => all.map(shownUser))),
    UsersRemove: ({ name }) =>
      guarded("UsersRemove", (caller) =>
        Effect.zipRight(touching(caller, name, users.remove(name, nameOf(caller))), enforcer.now),
      ),
    AuthSign: ({ user, ttl, public_key }) =>
      guarded("AuthSign", (caller) =>
        Effect.gen(function* () {
          const [by, remoteAddress] = [nameOf(caller), yield* CallerAddress]
          const order = { user, ttl: durationOf(ttl), publicKey: public_key, by, remoteAddress }
          return yield* touching(caller, user, logins.sign(order))
        }),
      ),
  } satisfies Calls<"UsersAdd" | "UsersUpdate" | "UsersReset" | "UsersList" | "UsersRemove" | "AuthSign">
})
