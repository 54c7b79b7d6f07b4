import { Effect, Option, Ref } from "effect"
import { EndReason } from "../../session/EndReason.ts"
import type { NodeHost } from "../NodeHost.ts"

/** Why whatever this fiber runs was interrupted. */
export const endReason = (host: NodeHost["Type"]): Effect.Effect<string> =>
  Effect.flatMap(EndReason, Ref.get).pipe(Effect.map(Option.getOrElse(() => `the ${host} stopped`)))
