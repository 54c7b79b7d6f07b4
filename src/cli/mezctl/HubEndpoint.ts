import { join } from "node:path"
import { Effect, Either, Option, Schema } from "effect"
import { HubPin } from "../../api/HubPin.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { currentIdentity } from "../CurrentIdentity.ts"
import { readFileIfAny } from "../PrivateFile.ts"
import type { HubWay } from "./HubWay.ts"

/** Where users reach the hub, and its pin: `mezhub start` keeps it as `hub.json` in its data directory. */
export const HubEndpoint = Schema.Struct({
  /** As `parseHubAddresses` reads it. */
  address: Schema.String,
  ca_pin: Schema.NullOr(HubPin),
})
export type HubEndpoint = typeof HubEndpoint.Type

const text = Schema.parseJson(HubEndpoint)

const keptBy = Effect.fnUntraced(function* (directory: string) {
  const path = join(directory, "hub.json")
  const told = Option.flatMap(yield* readFileIfAny(path), (json) => Either.getRight(Schema.decodeEither(text)(json)))
  return yield* Option.match(told, {
    onSome: Effect.succeed,
    onNone: () =>
      new CommandFailed({
        message: `${path} does not say where the hub is reached: give --hub HOST:PORT and --ca-pin sha256:…`,
      }),
  })
})

const ownHub = (path: string) =>
  Effect.map(currentIdentity(Option.some(path)), ({ identity: { hub, ca_pin } }) => ({ address: hub, ca_pin }))

/** What `--hub` and `--ca-pin` say, and where they say nothing, what the hub on this host says, or one's own identity. */
export const hubEndpoint = Effect.fn("HubEndpoint.read")(function* (
  way: HubWay,
  hub: Option.Option<string>,
  caPin: Option.Option<HubPin>,
): Effect.fn.Return<HubEndpoint, CommandFailed> {
  if (Option.isSome(hub)) return { address: hub.value, ca_pin: Option.getOrNull(caPin) }
  const told: HubEndpoint = yield* way._tag === "Socket" ? keptBy(way.directory) : ownHub(way.path)
  return { ...told, ...(Option.isSome(caPin) ? { ca_pin: caPin.value } : {}) }
})
