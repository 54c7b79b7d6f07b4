import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option, Redacted } from "effect"
import { DatabaseError } from "../database/DatabaseError.ts"
import { ClusterNameMismatch } from "./ClusterNameMismatch.ts"
import { newPrivateKeyPem, type SigningKey, signingKey } from "./SigningKey.ts"

/** A TLS key and its certificate chain, in PEM; opaque here. */
export interface TlsKeyPair {
  readonly key: Redacted.Redacted<string>
  readonly certificate: string
}

interface Row {
  readonly private_key: string
  readonly public_key: string
}

/** What is stored under an id: what is there already, else what `make` gives; of two replicas that race, the first wins. */
const storedOr = <E>(sql: SqlClient.SqlClient, id: string, make: Effect.Effect<Row, E>) =>
  Effect.gen(function* () {
    const find = sql<Row>`SELECT private_key, public_key FROM cluster_keys WHERE id = ${id}`
    const [found] = yield* find
    if (found !== undefined) return found
    const made = yield* make
    const created_ms = yield* Clock.currentTimeMillis
    yield* sql`INSERT INTO cluster_keys ${sql.insert({ id, ...made, created_ms })} ON CONFLICT (id) DO NOTHING`
    const [stored] = yield* find
    return stored ?? (yield* Effect.dieMessage(`the key ${id} was not stored`))
  })

const newSigningKey = Effect.sync((): Row => {
  const pem = newPrivateKeyPem()
  return { private_key: Redacted.value(pem), public_key: signingKey(pem).publicLine }
})

const load = (sql: SqlClient.SqlClient, id: string): Effect.Effect<SigningKey, SqlError | DatabaseError> =>
  Effect.flatMap(storedOr(sql, id, newSigningKey), ({ private_key }) =>
    Effect.try({
      try: () => signingKey(Redacted.make(private_key)),
      catch: () => new DatabaseError({ message: `the cluster's key "${id}" is damaged: restore the database` }),
    }),
  )

const make = Effect.fn("ClusterKeys.make")(function* (clusterName: Option.Option<string>) {
  const sql = yield* SqlClient.SqlClient
  const given = Option.getOrElse(clusterName, () => "mezite")
  const name = (yield* storedOr(sql, "cluster_name", Effect.succeed({ private_key: "", public_key: given }))).public_key
  if (Option.isSome(clusterName) && name !== given) return yield* new ClusterNameMismatch({ stored: name, given })
  return {
    clusterName: name,
    userCa: yield* load(sql, "user_ca"),
    hostCa: yield* load(sql, "host_ca"),
    sshHostKey: yield* load(sql, "ssh_host"),
    hubKey: yield* load(sql, "hub"),
    recordingKeys: [yield* load(sql, "recording_1")] as const,
    tls: <E, R>(generate: Effect.Effect<TlsKeyPair, E, R>) =>
      Effect.flatMap(Effect.context<R>(), (context) =>
        storedOr(
          sql,
          "tls",
          Effect.map(Effect.provide(generate, context), ({ key, certificate }) => ({
            private_key: Redacted.value(key),
            public_key: certificate,
          })),
        ),
      ).pipe(Effect.map((row): TlsKeyPair => ({ key: Redacted.make(row.private_key), certificate: row.public_key }))),
  }
})

/**
 * The cluster's name and keys, made at its first start and the same ever after, for every replica that shares the
 * database. Private halves are `Redacted`: they leave neither through a call nor through a log.
 */
export class ClusterKeys extends Context.Tag("mezite/auth/ClusterKeys")<
  ClusterKeys,
  {
    readonly clusterName: string
    /** Signs user certificates. */
    readonly userCa: SigningKey
    /** Signs host certificates. */
    readonly hostCa: SigningKey
    /** The host key of the SSH front door. */
    readonly sshHostKey: SigningKey
    /** Signs what the cluster's hubs tell each other. */
    readonly hubKey: SigningKey
    /** Seal recordings; the newest first, which is the one that seals. */
    readonly recordingKeys: readonly [SigningKey, ...ReadonlyArray<SigningKey>]
    /** The TLS key that is stored, else the one that `generate` gives, which is stored. */
    readonly tls: <E, R>(generate: Effect.Effect<TlsKeyPair, E, R>) => Effect.Effect<TlsKeyPair, E | SqlError, R>
  }
>() {
  /** `clusterName`: what a new cluster is called (`mezite` where it isn't given); an old one's name must agree with it. */
  static readonly layer = (
    clusterName: Option.Option<string>,
  ): Layer.Layer<ClusterKeys, SqlError | DatabaseError | ClusterNameMismatch, SqlClient.SqlClient> =>
    Layer.effect(ClusterKeys, make(clusterName))
}
