import { Context, type Effect, Option, Schema } from "effect"
import type { BearerToken } from "../api/BearerToken.ts"
import type { Identity } from "../api/Identity.ts"
import { UserName } from "../domain/Identifiers.ts"
import type { OpenSshCertificate } from "../ssh/OpenSshCertificate.ts"

export type UserIdentity = Extract<Identity, { readonly _tag: "User" }>

/** Not one of our users, or not any more. */
export class UserRefused extends Schema.TaggedError<UserRefused>()("UserRefused", {
  message: Schema.String,
  /** Who has proven to be this user is refused because the user is locked: whatever else is shown is refused too. */
  locked: Schema.optionalWith(Schema.OptionFromSelf(UserName), { default: () => Option.none() }),
}) {}

/** Tells which user it is that calls. Whoever holds the private key is for the caller to have verified. */
export class UserAuthenticator extends Context.Tag("mezite/proxy/UserAuthenticator")<
  UserAuthenticator,
  {
    readonly bearer: (token: BearerToken) => Effect.Effect<UserIdentity, UserRefused>
    /** By an OpenSSH certificate: its authority, validity, source address and locks are checked. */
    readonly certificate: (
      certificate: OpenSshCertificate,
      remoteAddress: string,
    ) => Effect.Effect<UserIdentity, UserRefused>
  }
>() {}
