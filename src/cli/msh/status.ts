import { Effect, type Option } from "effect"
import { currentIdentity } from "../CurrentIdentity.ts"
import { describeIdentity } from "../describeIdentity.ts"
import { printLine } from "../Output.ts"

/** Says who the user is, to which hub, and until when; fails where that is nobody, or no longer. */
export const status = Effect.fn("msh.status")(function* (identityOption: Option.Option<string>) {
  const { identity } = yield* currentIdentity(identityOption)
  yield* Effect.forEach(describeIdentity(identity), (line) => printLine(line), { discard: true })
})
