import { Effect, Layer } from "effect"
import { Authentication, Identity } from "../../api/Identity.ts"

/** For the hub's unix socket alone: whoever may open it is its admin. The socket's mode is what guards it. */
export const layerLocalAuthentication: Layer.Layer<Authentication> = Layer.succeed(
  Authentication,
  Authentication.of(() => Effect.succeed(Identity.LocalAdmin())),
)
