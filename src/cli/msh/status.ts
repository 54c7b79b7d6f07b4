import { Effect, type Option } from "effect"
import { printLine } from "../Output.ts"
import { currentIdentity } from "./CurrentIdentity.ts"

/** Says who the user is, to which hub, and until when; fails where that is nobody, or no longer. */
export const status = Effect.fn("msh.status")(function* (identityOption: Option.Option<string>) {
  const { identity } = yield* currentIdentity(identityOption)
  const { user, roles, logins, expires_at, cluster } = identity.credentials
  const lines = [
    `User:     ${user}`,
    `Cluster:  ${cluster.cluster}`,
    `Hub:      ${identity.hub}`,
    `Roles:    ${roles.join(", ")}`,
    `Logins:   ${logins.join(", ")}`,
    `Expires:  ${expires_at}`,
  ]
  yield* Effect.forEach(lines, (line) => printLine(line), { discard: true })
})
