import { Effect, Option } from "effect"
import type { Identity } from "../../api/Identity.ts"
import type { RoleName } from "../../domain/Identifiers.ts"
import { mayGive } from "../access/mayGive.ts"
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
  const enforcer = yield* Enforcer

  const maySet = Effect.fnUntraced(function* (caller: Identity, roles: ReadonlyArray<RoleName>) {
    yield* mayGive(caller, yield* known.all(roles))
  })

  /** A user who isn't there is nobody's: that is for the call itself to tell. */
  const mayTouch = Effect.fnUntraced(function* (caller: Identity, name: string) {
    const user = yield* users.find(name)
    if (Option.isSome(user)) yield* maySet(caller, user.value.roles)
  })

  return {
    UsersAdd: (wanted) =>
      guarded("UsersAdd", (caller) =>
        Effect.zipRight(maySet(caller, wanted.roles), Effect.map(users.add(wanted, nameOf(caller)), shownInvite)),
      ),
    UsersUpdate: ({ name, roles, logins: wanted }) =>
      guarded("UsersUpdate", (caller) =>
        Effect.gen(function* () {
          yield* mayTouch(caller, name)
          yield* maySet(caller, roles ?? [])
          const access = { ...(roles && { roles }), ...(wanted && { logins: wanted }) }
          return shownUser(yield* users.update(name, access, nameOf(caller)))
        }),
      ),
    UsersReset: ({ name }) =>
      guarded("UsersReset", (caller) =>
        mayTouch(caller, name).pipe(
          Effect.zipRight(users.reset(name, nameOf(caller))),
          Effect.zipLeft(enforcer.now),
          Effect.map(shownInvite),
        ),
      ),
    UsersList: () => guarded("UsersList", () => Effect.map(users.list, (all) => all.map(shownUser))),
    UsersRemove: ({ name }) =>
      guarded("UsersRemove", (caller) =>
        mayTouch(caller, name).pipe(Effect.zipRight(users.remove(name, nameOf(caller))), Effect.zipRight(enforcer.now)),
      ),
    AuthSign: ({ user, ttl, public_key }) =>
      guarded("AuthSign", (caller) =>
        Effect.gen(function* () {
          yield* mayTouch(caller, user)
          const [by, remoteAddress] = [nameOf(caller), yield* CallerAddress]
          return yield* logins.sign({ user, ttl: durationOf(ttl), publicKey: public_key, by, remoteAddress })
        }),
      ),
  } satisfies Calls<"UsersAdd" | "UsersUpdate" | "UsersReset" | "UsersList" | "UsersRemove" | "AuthSign">
})
