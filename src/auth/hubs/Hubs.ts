import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, Duration, Effect, Layer, Ref, Schedule, Schema, type Scope } from "effect"
import type { HubEntry } from "../../api/PublicRpcs.ts"
import type { HubId } from "../../domain/Identifiers.ts"
import { databaseNow, isShared } from "./internal/sharedDatabase.ts"
import { KnownKeys } from "./KnownKeys.ts"

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

const keysText = Schema.parseJson(KnownKeys)
const [encodeKeys, decodeKeys] = [Schema.encodeSync(keysText), Schema.decodeSync(keysText)]

/** What a hub says of itself. */
export interface Said {
  /** Where it is; null: nobody is told. */
  readonly entry: HubEntry | null
  /** Whether it can't serve beside others: they do not reach it, or not what it keeps. */
  readonly alone: boolean
  readonly keys: KnownKeys
}

/** Another hub that is there. */
export interface OtherHub extends Pick<Said, "alone" | "keys"> {
  readonly id: HubId
  readonly address: string | null
}

interface Row {
  readonly id: HubId
  readonly address: string | null
  readonly ssh_port: number | null
}

interface OtherRow extends Pick<Row, "id" | "address"> {
  readonly alone: number
  readonly recording_keys: string
}

const make = (id: HubId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [shared, now] = [isShared(sql), databaseNow(sql)]
    const said = yield* Ref.make<Said>({ entry: null, alone: false, keys: { current: null, all: [] } })
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
      const { entry, alone, keys } = yield* Ref.get(said)
      const { address = null, ssh_port = null } = entry ?? {}
      yield* sql`INSERT INTO hubs (id, address, ssh_port, alone, recording_keys, seen_ms)
        VALUES (${id}, ${address}, ${ssh_port}, ${alone ? 1 : 0}, ${encodeKeys(keys)}, ${now})
        ON CONFLICT (id) DO UPDATE SET address = excluded.address, ssh_port = excluded.ssh_port,
          alone = excluded.alone, recording_keys = excluded.recording_keys, seen_ms = excluded.seen_ms`
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

    const others = Effect.map(
      sql<OtherRow>`SELECT id, address, alone, recording_keys FROM hubs
        WHERE id <> ${id} AND (alone = 1 OR address IS NOT NULL) AND seen_ms > ${now} - ${goneAfterMs} ORDER BY id`,
      (rows) =>
        rows.map(
          ({ alone, recording_keys, ...row }): OtherHub => ({
            ...row,
            alone: alone === 1,
            keys: decodeKeys(recording_keys),
          }),
        ),
    )

    return Hubs.of({ id, shared, announce, living: Ref.get(known), others, isThere })
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
    /** The others that are there. */
    readonly others: Effect.Effect<ReadonlyArray<OtherHub>, SqlError>
    /** Whether a hub has said that it is there within that time. */
    readonly isThere: (hub: HubId, within: Duration.DurationInput) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer = (id: HubId): Layer.Layer<Hubs, never, SqlClient.SqlClient> => Layer.effect(Hubs, make(id))
}
