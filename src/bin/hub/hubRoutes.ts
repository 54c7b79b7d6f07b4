import * as SqlClient from "@effect/sql/SqlClient"
import { Effect } from "effect"
import { describeDelivery } from "../../auth/recordings/DeliveryState.ts"
import { RecordingDelivery } from "../../auth/recordings/RecordingDelivery.ts"
import { Admission } from "../../proxy/Admission.ts"
import { makeHttpRoutes } from "../../proxy/HttpRoutes.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { hubMetrics } from "./hubMetrics.ts"

/** What the hub answers over plain HTTP about itself. */
export const hubRoutes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tunnels = yield* Tunnels
  const delivery = yield* RecordingDelivery
  const admission = yield* Admission
  return yield* makeHttpRoutes({
    // Recordings that wait hold up nobody: the hub keeps them on its own disk.
    ready: Effect.mapError(admission.check, ({ message }) => message).pipe(
      Effect.zipRight(Effect.mapError(sql`SELECT 1`, () => "the database does not answer")),
      Effect.zipRight(Effect.map(delivery.state, describeDelivery)),
    ),
    metrics: Effect.zipWith(tunnels.online, delivery.state, (online, state) => hubMetrics(online.size, state)),
  })
})
