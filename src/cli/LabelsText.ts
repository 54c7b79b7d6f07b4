import { Either, ParseResult, Schema } from "effect"
import { NodeLabels, parseLabels, showLabels } from "../domain/NodeLabels.ts"

/** Labels on a command line: `env=prod,role=web`; empty for none. */
export const LabelsText = Schema.transformOrFail(Schema.String, NodeLabels, {
  strict: true,
  decode: (text, _, ast) => Either.mapLeft(parseLabels(text), (message) => new ParseResult.Type(ast, text, message)),
  encode: (labels) => Either.right(showLabels(labels)),
})
