import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { mintUserToken } from "../../../src/api/BearerToken.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { Roles } from "../../../src/auth/roles/Roles.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { RoleName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { roleOf } from "../../support/roles.ts"
import { loggedIn, sessionInfo } from "../support/Fixtures.ts"
import { serveWebSocket, webSocketClient, withTokens } from "../support/RpcHub.ts"
import { layerLiveHub } from "../support/TestHub.ts"

const sees = (name: string, recordings: string) => roleOf({ name, allow: { recordings } })
const denies = (name: string, recordings: string) =>
  roleOf({ name, allow: { recordings: "all" }, deny: { recordings } })

const give = (user: string, ...roles: ReadonlyArray<string>) =>
  Effect.flatMap(Users, (users) =>
    users.update(UserName.make(user), { roles: roles.map((role) => RoleName.make(role)) }, "tester"),
  )

const change = (role: ReturnType<typeof roleOf>) => Effect.flatMap(Roles, (roles) => roles.update(role, "tester"))

/** Who follows the session of alice, with which roles, and what takes that away. */
const losses = [
  ["alice", ["changing"], "her role no longer shows her own", change(sees("changing", "none"))],
  ["alice", ["changing"], "her role denies her own", change(denies("changing", "own"))],
  ["eve", ["auditor"], "another role is given in its place", give("eve", "user")],
  ["eve", ["auditor"], "a role that denies comes to it", give("eve", "auditor", "denying")],
  ["eve", ["broad"], "the role is made narrower", change(sees("broad", "own"))],
] as const

const following = (user: string, roles: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const made = [sees("changing", "own"), sees("broad", "all"), denies("denying", "all")]
    yield* Effect.flatMap(Roles, (all) => Effect.forEach(made, (role) => all.create(role, "tester")))
    const { key, certificate } = yield* loggedIn(user, roles)
    const asUser = withTokens(mintUserToken({ user, audience: "test", certificate, key: key.privateKey }))
    const session = sessionInfo({ user: "alice", startedAtMs: Date.now() })
    yield* Effect.flatMap(Sessions, (sessions) => sessions.started(session))
    const web = yield* webSocketClient(yield* serveWebSocket)
    const begun = yield* Deferred.make<void>()
    const session_id = SessionId.make(session.sessionId)
    const answer = yield* web.RecordingRead({ session_id, sealed: false, follow: true }).pipe(
      Stream.runForEach(() => Deferred.succeed(begun, undefined)),
      asUser,
      Effect.flip,
      Effect.fork,
    )
    yield* Deferred.await(begun)
    return answer
  })

it.scopedLive.each(losses)("%s, with %s, follows a session no more once %s", ([user, roles, , loss]) =>
  Effect.gen(function* () {
    const answer = yield* following(user, roles)
    yield* loss
    const error = yield* Effect.timeout(Fiber.join(answer), "2 seconds")
    expect(error).toMatchObject({ _tag: "Forbidden", message: expect.stringContaining("(RecordingRead)") })
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("who is given more follows on", () =>
  Effect.gen(function* () {
    const answer = yield* following("eve", ["broad"])
    yield* give("eve", "admin", "auditor", "user")
    expect((yield* Effect.timeoutOption(Fiber.join(answer), "2500 millis"))._tag).toBe("None")
  }).pipe(Effect.provide(layerLiveHub())),
)
