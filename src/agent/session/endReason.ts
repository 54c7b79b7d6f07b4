import { Effect, Option, Ref } from "effect"
import { EndReason } from "../../session/EndReason.ts"

/** Why whatever this fiber runs was interrupted. */
export const endReason: Effect.Effect<string> = Effect.flatMap(EndReason, Ref.get).pipe(
  Effect.map(Option.getOrElse(() => "the agent stopped")),
)
