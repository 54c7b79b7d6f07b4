import { Either, ParseResult, Schema } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import { NodeLabels } from "../../domain/NodeLabels.ts"

/** The labels, if a node may have them. */
export const checkLabels = (labels: Readonly<Record<string, string>>): Either.Either<NodeLabels, Invalid> =>
  Either.mapLeft(
    Schema.decodeEither(NodeLabels)(labels),
    (error) => new Invalid({ message: ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.message ?? error.message }),
  )
