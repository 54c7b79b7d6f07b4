import { join } from "node:path"
import { Effect, Either, Option, Schema } from "effect"
import { HubPin } from "../../api/HubPin.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { readFileIfAny } from "../PrivateFile.ts"
import { dataDirectory } from "./HubSocket.ts"

/** Where users reach the hub, and its pin: `mezhub start` keeps it as `hub.json` in its data directory. */
export const HubEndpoint = Schema.Struct({
  /** As `parseHubAddresses` reads it. */
  address: Schema.String,
  ca_pin: Schema.NullOr(HubPin),
})
export type HubEndpoint = typeof HubEndpoint.Type

const text = Schema.parseJson(HubEndpoint)

/** What `--hub` and `--ca-pin` say, and where they say nothing, what the hub on this host says. */
export const hubEndpoint = Effect.fn("HubEndpoint.read")(function* (
  hub: Option.Option<string>,
  caPin: Option.Option<HubPin>,
) {
  if (Option.isSome(hub)) return { address: hub.value, ca_pin: Option.getOrNull(caPin) } satisfies HubEndpoint
  const path = join(yield* dataDirectory, "hub.json")
  const content = yield* readFileIfAny(path)
  const told = Option.flatMap(content, (json) => Either.getRight(Schema.decodeEither(text)(json)))
  if (Option.isSome(told)) return { ...told.value, ...(Option.isSome(caPin) ? { ca_pin: caPin.value } : {}) }
  return yield* new CommandFailed({
    message: `${path} does not say where the hub is reached: give --hub HOST:PORT and --ca-pin sha256:…`,
  })
})
