import { Effect } from "effect"
import { nameOf } from "../access/RpcAccess.ts"
import { Logins } from "../identities/Logins.ts"
import { shownUser } from "../identities/UserRecord.ts"
import { Users } from "../identities/Users.ts"
import { CallerAddress } from "./CallerAddress.ts"
import type { Calls } from "./Calls.ts"
import { durationOf, guarded } from "./Guard.ts"

/** The calls about users and their credentials. */
export const userCalls = Effect.gen(function* () {
  const [users, logins] = [yield* Users, yield* Logins]
  return {
    UsersAdd: (wanted) =>
      guarded("UsersAdd", (caller) =>
        Effect.map(users.add(wanted, nameOf(caller)), ({ user, invite, expiresAtMs }) => ({
          user: shownUser(user),
          invite,
          expires_at: new Date(expiresAtMs).toISOString(),
        })),
      ),
    UsersList: () => guarded("UsersList", () => Effect.map(users.list, (all) => all.map(shownUser))),
    UsersRemove: ({ name }) => guarded("UsersRemove", (caller) => users.remove(name, nameOf(caller))),
    AuthSign: ({ user, ttl, public_key }) =>
      guarded("AuthSign", (caller) =>
        Effect.flatMap(CallerAddress, (remoteAddress) =>
          logins.sign({ user, ttl: durationOf(ttl), publicKey: public_key, by: nameOf(caller), remoteAddress }),
        ),
      ),
  } satisfies Calls<"UsersAdd" | "UsersList" | "UsersRemove" | "AuthSign">
})
