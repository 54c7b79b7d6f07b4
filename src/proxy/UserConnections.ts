import { Context, Effect, Layer, type Scope } from "effect"
import type { UserName } from "../domain/Identifiers.ts"

/** What a user has open at this hub. */
export interface UserConnection {
  readonly user: UserName
  /** Unix milliseconds. */
  readonly sinceMs: number
  /** Ends it at once, for good, and whoever can be told the reason is; where it is over already, nothing happens. */
  readonly cut: (reason: string) => Effect.Effect<void>
}

/** The connections of users to this hub, whichever way they came in. */
export class UserConnections extends Context.Tag("mezite/proxy/UserConnections")<
  UserConnections,
  {
    /** Counts a connection in for as long as the scope. */
    readonly hold: (connection: UserConnection) => Effect.Effect<void, never, Scope.Scope>
    /** Who is connected, and since when at the longest. */
    readonly users: Effect.Effect<ReadonlyMap<UserName, number>>
    /** What a user has open now. */
    readonly of: (user: UserName) => Effect.Effect<ReadonlyArray<UserConnection>>
    /** Completes when nobody is connected. */
    readonly idle: Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<UserConnections> = Layer.sync(UserConnections, () => {
    const open = new Set<UserConnection>()
    const empty = Effect.unsafeMakeLatch(true)
    return {
      hold: (connection) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            open.add(connection)
            empty.unsafeClose()
          }),
          () =>
            Effect.sync(() => {
              open.delete(connection)
              if (open.size === 0) empty.unsafeOpen()
            }),
        ),
      idle: empty.await,
      users: Effect.sync(() => {
        const since = new Map<UserName, number>()
        for (const { user, sinceMs } of open) since.set(user, Math.min(sinceMs, since.get(user) ?? sinceMs))
        return since
      }),
      of: (user) => Effect.sync(() => [...open].filter((connection) => connection.user === user)),
    }
  })
}
