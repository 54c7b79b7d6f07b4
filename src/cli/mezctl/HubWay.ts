import { Data, Either, Option } from "effect"
import { CommandFailed } from "../CommandFailed.ts"
import { WrongUsage } from "../WrongUsage.ts"

/** How `mezctl` reaches the hub, and as whom it acts there. */
export type HubWay = Data.TaggedEnum<{
  /** Through the unix socket in a hub's data directory, as the hub's local admin. */
  Socket: { readonly directory: string }
  /** Over the network, as the user of an identity file; what `msh login` leaves is one. */
  Login: { readonly path: string }
}>
export const HubWay = Data.taggedEnum<HubWay>()

/** What the command line says of it. */
export interface WayAsked {
  /** `--identity`. */
  readonly identity: Option.Option<string>
  /** `--local`. */
  readonly local: boolean
}

/** What there is to choose from. */
export interface WaysFound {
  /** `MEZITE_IDENTITY`. */
  readonly variable: Option.Option<string>
  /** The data directory, and whether a hub keeps its data there, running or not. */
  readonly hub: { readonly directory: string; readonly isThere: boolean }
  /** Where `msh login` leaves its identity, and whether it has. */
  readonly login: { readonly path: string; readonly isThere: boolean }
}

const none = ({ hub, login }: WaysFound) =>
  new CommandFailed({
    message: `there is no way to a hub: on its host be its user or root, with its MEZITE_DATA_DIR (there is no ${hub.directory}/hub.sock); elsewhere log in with msh login --hub HOST:PORT --user NAME (there is no ${login.path})`,
  })

/**
 * What was said wins: the command line, then `MEZITE_IDENTITY`. Else it is the socket where a hub's data is, and only where none is
 * the login: a hub that is merely down never makes somebody act as another user, or on another cluster.
 */
export const chooseHubWay = (
  { identity, local }: WayAsked,
  found: WaysFound,
): Either.Either<HubWay, WrongUsage | CommandFailed> => {
  const { variable, hub, login } = found
  if (local && Option.isSome(identity)) {
    return Either.left(new WrongUsage({ message: "--local and --identity are two ways to the hub: give one of them" }))
  }
  const socket = HubWay.Socket({ directory: hub.directory })
  if (local) return Either.right(socket)
  const said = Option.orElse(identity, () => variable)
  if (Option.isSome(said)) return Either.right(HubWay.Login({ path: said.value }))
  if (hub.isThere) return Either.right(socket)
  return login.isThere ? Either.right(HubWay.Login({ path: login.path })) : Either.left(none(found))
}
