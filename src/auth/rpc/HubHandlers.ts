import { Effect, Option, Stream } from "effect"
import { NotFound } from "../../api/ApiError.ts"
import { HubRpcs } from "../../api/HubRpcs.ts"
import { authorizeHub } from "../access/RpcAccess.ts"
import { orUnavailableStream } from "../database/OrUnavailable.ts"
import { LocalRecordings } from "../storage/LocalRecordings.ts"

/** Answers the cluster's other hubs, and nobody else. */
export const layerHubHandlers = HubRpcs.toLayer(
  Effect.map(LocalRecordings, (local) => ({
    LocalRecording: ({ session_id: sessionId, from }) =>
      Effect.zipRight(authorizeHub("LocalRecording"), local.open(sessionId)).pipe(
        Effect.map(
          Option.match({
            onNone: () => Stream.fail(new NotFound({ message: `the recording of ${sessionId} is not on this hub` })),
            onSome: (file) => Stream.orDie(file.from(from)),
          }),
        ),
        Effect.catchTag("StorageFailed", Effect.die),
        Stream.unwrapScoped,
        orUnavailableStream,
      ),
  })),
)
