import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, Duration, Effect, Layer, Ref, Schedule, type Scope } from "effect"
import type { HubEntry } from "../../api/PublicRpcs.ts"
import type { HubId } from "../../domain/Identifiers.ts"
import { databaseNow, isShared } from "./internal/sharedDatabase.ts"

/** How often a hub says that it is there, and looks for the others. */
const interval = "2 seconds"

/** One that has said nothing for so long is told to nobody any more. */
const goneAfterMs = 10_000

/** A row is kept for so long: whoever took part is known to those who look after what it left. */
const forgottenAfterMs = 7 * 86_400_000

/** A hub that is there. */
export interface LivingHub extends HubEntry {
  readonly id: HubId
}

/** What a hub says of itself. */
export interface Said {
  /** Where it is; null: nobody is told. */
  readonly entry: HubEntry | null
  /** Whether it can't serve beside others: they do not reach it, or not what it keeps. */
  readonly alone: boolean
}

interface Row {
  readonly id: HubId
  readonly address: string | null
  readonly ssh_port: number | null
}

const make = (id: HubId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [shared, now] = [isShared(sql), databaseNow(sql)]
    const said = yield* Ref.make<Said>({ entry: null, alone: false })
    const known = yield* Ref.make<ReadonlyArray<LivingHub>>([])

    const look = Effect.gen(function* () {
      const rows = yield* sql<Row>`
        SELECT id, address, ssh_port FROM hubs
        WHERE seen_ms > ${now} - ${goneAfterMs} AND address IS NOT NULL ORDER BY id`
      yield* Ref.set(
        known,
        rows.flatMap(({ address, ...row }) => (address === null ? [] : [{ ...row, address }])),
      )
    })

    const beat = Effect.gen(function* () {
      const { entry, alone } = yield* Ref.get(said)
      const { address = null, ssh_port = null } = entry ?? {}
      yield* sql`INSERT INTO hubs (id, address, ssh_port, alone, seen_ms)
        VALUES (${id}, ${address}, ${ssh_port}, ${alone ? 1 : 0}, ${now})
        ON CONFLICT (id) DO UPDATE SET address = excluded.address, ssh_port = excluded.ssh_port,
          alone = excluded.alone, seen_ms = excluded.seen_ms`
      yield* sql`DELETE FROM hubs WHERE seen_ms < ${now} - ${forgottenAfterMs}`
      yield* look
    }).pipe(Effect.withSpan("Hubs.beat"))

    const beats = beat.pipe(
      Effect.catchAll((error) => Effect.logWarning("this hub cannot tell the others that it is there", error)),
      Effect.repeat(Schedule.spaced(interval)),
    )

    const announce = Effect.fn("Hubs.announce")(function* (told: Said) {
      yield* Ref.set(said, told)
      if (!shared) return
      yield* beat
      yield* Effect.forkScoped(Effect.delay(beats, interval))
      // A hub that stops is not waited for. What it has on its disk stays its own.
      yield* Effect.addFinalizer(() =>
        Effect.catchAll(sql`UPDATE hubs SET address = NULL, alone = 0 WHERE id = ${id}`, (error) =>
          Effect.logWarning("this hub cannot tell the others that it stops", error),
        ),
      )
    })

    const isThere = Effect.fn("Hubs.isThere")(function* (hub: HubId, within: Duration.DurationInput) {
      if (hub === id) return true
      const rows = yield* sql`SELECT 1 FROM hubs WHERE id = ${hub} AND seen_ms > ${now} - ${Duration.toMillis(within)}`
      return rows.length === 1
    })

    const solitary = sql<Pick<Row, "id" | "address">>`
      SELECT id, address FROM hubs
      WHERE alone = 1 AND id <> ${id} AND seen_ms > ${now} - ${goneAfterMs} ORDER BY id`

    return Hubs.of({ id, shared, announce, living: Ref.get(known), solitary, isThere })
  })

/**
 * The hubs that serve this cluster: those that share its database. Each says there every two seconds that it is there, by the
 * database's clock; one that has been silent for ten counts as gone. SQLite is one hub's alone.
 */
export class Hubs extends Context.Tag("mezite/auth/Hubs")<
  Hubs,
  {
    /** This hub. */
    readonly id: HubId
    /** Whether others may use the database as well. */
    readonly shared: boolean
    /** From now on, for as long as the scope, this hub is there. */
    readonly announce: (said: Said) => Effect.Effect<void, SqlError, Scope.Scope>
    /** Those that are there and have an address, as of a moment ago, in an order that is the same for all; none of a hub alone. */
    readonly living: Effect.Effect<ReadonlyArray<LivingHub>>
    /** Others that are there and can't serve beside this one. */
    readonly solitary: Effect.Effect<ReadonlyArray<{ readonly id: HubId; readonly address: string | null }>, SqlError>
    /** Whether a hub has said that it is there within that time. */
    readonly isThere: (hub: HubId, within: Duration.DurationInput) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer = (id: HubId): Layer.Layer<Hubs, never, SqlClient.SqlClient> => Layer.effect(Hubs, make(id))
}
