import * as Headers from "@effect/platform/Headers"
import { Effect, Layer, Option, Redacted } from "effect"
import { Unauthenticated } from "../../api/ApiError.ts"
import { Authentication } from "../../api/Identity.ts"
import { Callers } from "../access/Callers.ts"

const noToken = new Unauthenticated({ message: "this call needs a bearer token: log in first" })

const notNow = new Unauthenticated({
  message: "the hub cannot tell who calls: its database does not answer; try again",
})

/** For connections from anywhere: by the `authorization: Bearer` of the connection or of the call. */
export const layerBearerAuthentication: Layer.Layer<Authentication, never, Callers> = Layer.effect(
  Authentication,
  Effect.map(Callers, (callers) =>
    Authentication.of(({ headers }) =>
      Effect.gen(function* () {
        const header = Option.getOrElse(Headers.get(headers, "authorization"), () => "")
        const token = /^Bearer +(\S+)$/i.exec(header)?.[1]
        if (token === undefined) return yield* noToken
        return yield* callers.caller(Redacted.make(token))
      }).pipe(
        Effect.catchTag("SqlError", (error) =>
          Effect.zipRight(Effect.logError("the database failed", error.message, error.cause), Effect.fail(notNow)),
        ),
      ),
    ),
  ),
)
