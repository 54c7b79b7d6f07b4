import { Socket } from "node:net"
import { Duration, Effect, Redacted, type Scope } from "effect"
import Pg from "pg"

/** Connections that one hub has at most. */
const mostConnections = 10

/** How long a connection may take to come about, or be waited for. */
const connectLimitMs = 5_000

/** A server that says nothing for so long, while it is asked, is gone, whatever TCP thinks. */
const silenceLimitMs = 30_000

/**
 * How long a transaction may stand still before the server takes it back: a hub that was stopped in the middle of one, or lost
 * its power, holds up no other hub for longer.
 */
const standstillLimitMs = 3_000

/** BIGINTs as numbers, as SQLite gives them: none of ours is larger than 2^53. */
const types: Pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === Pg.types.builtins.INT8 ? Number : (Pg.types.getTypeParser(oid, format as "text") as never),
}

const newSocket = (): Socket => {
  const socket = new Socket()
  socket.setTimeout(silenceLimitMs, () => socket.destroy(new Error("the database does not answer")))
  return socket
}

const newPool = (url: Redacted.Redacted<string>): Pg.Pool => {
  const pool = new Pg.Pool({
    connectionString: Redacted.value(url),
    application_name: "mezhub",
    max: mostConnections,
    connectionTimeoutMillis: connectLimitMs,
    idle_in_transaction_session_timeout: standstillLimitMs,
    stream: newSocket,
    types,
  })
  // A connection that breaks while nobody uses it is replaced when somebody does.
  pool.on("error", () => {})
  return pool
}

/** Connections to a PostgreSQL server, which are made when they are wanted, and closed with the scope. */
export const postgresPool = (url: Redacted.Redacted<string>): Effect.Effect<Pg.Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => newPool(url)),
    (pool) => Effect.promise(() => pool.end()).pipe(Effect.interruptible, Effect.timeoutOption(Duration.seconds(1))),
  )
