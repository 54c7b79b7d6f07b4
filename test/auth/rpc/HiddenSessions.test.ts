import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { mintUserToken } from "../../../src/api/BearerToken.ts"
import { ClusterRpcs } from "../../../src/api/ClusterRpcs.ts"
import { Recordings } from "../../../src/auth/recordings/Recordings.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import { roleOf } from "../../support/roles.ts"
import { loggedIn, sessionInfo } from "../support/Fixtures.ts"
import { serveWebSocket, webSocketClient, withTokens } from "../support/RpcHub.ts"
import { layerLiveHub } from "../support/TestHub.ts"

type Client = Effect.Effect.Success<ReturnType<typeof webSocketClient>>

/** Every call that names a session, but for the audit log's: who reads that sees all events. */
const calls: Readonly<Record<string, (hub: Client, session_id: SessionId) => Effect.Effect<unknown, unknown>>> = {
  SessionsTerminate: (hub, session_id) => hub.SessionsTerminate({ session_id, reason: "" }),
  RecordingRead: (hub, session_id) => Stream.runDrain(hub.RecordingRead({ session_id, sealed: true, follow: false })),
  RecordingKeyShare: (hub, session_id) => hub.RecordingKeyShare({ session_id }),
  RecordingsHold: (hub, session_id) => hub.RecordingsHold({ session_id, reason: "" }),
  RecordingsRelease: (hub, session_id) => hub.RecordingsRelease({ session_id }),
  RecordingsRemove: (hub, session_id) => hub.RecordingsRemove({ session_id, reason: "" }),
}

const namesSession = ({ payloadSchema }: { readonly payloadSchema: object }) =>
  "fields" in payloadSchema && Object.hasOwn(payloadSchema.fields as object, "session_id")

it("has a row for every call that names a session", () => {
  const named = [...ClusterRpcs.requests.values()].filter(namesSession).map(({ _tag }) => _tag as string)
  expect([...Object.keys(calls), "AuditList"].sort()).toEqual(named.sort())
})

/** All that an admin may do, but for others' sessions. */
const busy = roleOf({ name: "busy", allow: { admin: ["*"], recordings: "own" } })
const blind = roleOf({ name: "blind", allow: { admin: ["*"], recordings: "all" }, deny: { recordings: "all" } })

it.scopedLive(
  "whatever is asked about another's session is answered as of one that does not exist, and leaves no trace",
  () =>
    Effect.gen(function* () {
      const [sql, sessions, recordings] = [yield* SqlClient.SqlClient, yield* Sessions, yield* Recordings]
      yield* Effect.flatMap(Roles, (roles) => Effect.forEach([busy, blind], (role) => roles.create(role, "tester")))
      const others = sessionInfo({ user: "alice" })
      // Of somebody who had the name before.
      const earlier = sessionInfo({ user: "bob" })
      for (const info of [others, earlier]) {
        yield* sessions.started(info)
        yield* recordings.begun(SessionId.make(info.sessionId), true)
      }
      const web = yield* webSocketClient(yield* serveWebSocket)
      const missing = SessionId.make(sessionInfo().sessionId)
      for (const [user, role] of [
        ["bob", "busy"],
        ["carol", "busy"],
        ["dave", "blind"],
      ] as const) {
        const { key, certificate } = yield* loggedIn(user, [role])
        const asUser = withTokens(mintUserToken({ user, audience: "test", certificate, key: key.privateKey }))
        for (const [rpc, call] of Object.entries(calls)) {
          const absent = JSON.stringify(yield* Effect.flip(asUser(call(web, missing))))
          for (const { sessionId } of [others, earlier]) {
            const hidden = JSON.stringify(yield* Effect.flip(asUser(call(web, SessionId.make(sessionId)))))
            expect([rpc, user, hidden.replace(sessionId, missing)]).toEqual([rpc, user, absent])
          }
        }
      }
      const told = yield* sql`SELECT DISTINCT type FROM audit_events WHERE session_id IS NOT NULL`
      expect(told).toEqual([{ type: "session.start" }])
      expect(yield* sql`SELECT DISTINCT state, held_ms FROM recordings`).toEqual([{ state: "open", held_ms: null }])
      expect(yield* sql`SELECT session_id FROM sessions WHERE ended_by IS NOT NULL`).toEqual([])
    }).pipe(Effect.provide(layerLiveHub())),
)
