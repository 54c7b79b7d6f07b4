import { userInfo } from "node:os"
import { Either, Option } from "effect"
import type { Credentials } from "../../api/PublicRpcs.ts"
import { WrongUsage } from "../WrongUsage.ts"

/** A node, and the account on it. */
export interface SshDestination {
  readonly login: string
  readonly node: string
}

/** The local user's name where it is one of the logins allowed, or the only one allowed. */
const usualLogin = (logins: ReadonlyArray<string>): Either.Either<string, WrongUsage> => {
  const own = userInfo().username
  const [first, ...others] = logins
  if (logins.includes(own)) return Either.right(own)
  if (first !== undefined && others.length === 0) return Either.right(first)
  const choice = first === undefined ? "you are allowed none" : `one of ${logins.join(", ")}`
  return Either.left(new WrongUsage({ message: `which login? Write LOGIN@NODE: ${choice}` }))
}

/** Reads `[LOGIN@]NODE`, where the node may be written as `NODE.CLUSTER`. `-l` counts where there is no `LOGIN@`. */
export const sshDestination = (
  text: string,
  loginOption: Option.Option<string>,
  { cluster, logins }: Pick<Credentials, "cluster" | "logins">,
): Either.Either<SshDestination, WrongUsage> => {
  const at = text.lastIndexOf("@")
  const host = text.slice(at + 1)
  const suffix = `.${cluster.cluster}`
  const node = host.endsWith(suffix) ? host.slice(0, -suffix.length) : host
  if (node === "") return Either.left(new WrongUsage({ message: `"${text}" names no node` }))
  const login = at > 0 ? Option.some(text.slice(0, at)) : loginOption
  return Either.map(Option.match(login, { onSome: Either.right, onNone: () => usualLogin(logins) }), (login) => ({
    login,
    node,
  }))
}
