import { Either } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import type { NodeName } from "../../domain/Identifiers.ts"

/**
 * The name, if a node may have it: not one like `web-1.CLUSTER`, which is what users write for the node `web-1`, and stands in that
 * node's host certificate.
 */
export const checkNodeName = (name: NodeName, cluster: string): Either.Either<NodeName, Invalid> =>
  name.toLowerCase().endsWith(`.${cluster.toLowerCase()}`)
    ? Either.left(
        new Invalid({
          message: `no node's own name ends in .${cluster}, as users write the names of all: leave that out`,
        }),
      )
    : Either.right(name)
