import { existsSync } from "node:fs"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Layer, Option, Schedule, Scope, Stream } from "effect"
import { Callers } from "../../../src/auth/access/Callers.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Hubs, type Said } from "../../../src/auth/hubs/Hubs.ts"
import type { KnownKeys } from "../../../src/auth/hubs/KnownKeys.ts"
import { SessionHubs } from "../../../src/auth/hubs/SessionHubs.ts"
import { Logins } from "../../../src/auth/identities/Logins.ts"
import { LoginThrottle } from "../../../src/auth/identities/LoginThrottle.ts"
import { JoinTokens } from "../../../src/auth/nodes/JoinTokens.ts"
import { Recordings } from "../../../src/auth/recordings/Recordings.ts"
import { RecordingStore } from "../../../src/auth/sessions/RecordingStore.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import * as Filesystem from "../../../src/auth/storage/Filesystem.ts"
import { RecordingStorage, StorageFailed } from "../../../src/auth/storage/RecordingStorage.ts"
import { checkOthers, type OwnSettings } from "../../../src/bin/hub/checkOthers.ts"
import type { SessionId } from "../../../src/domain/Identifiers.ts"
import { framesOf, masterKey, readAll } from "../../support/recordings.ts"
import { type IngestHub, type IngestHubOptions, ingestHub } from "../ingest/support/IngestHub.ts"
import { callAs, type TestCall, type TestNode, tokenOf } from "../ingest/support/TestCall.ts"
import { keysOf, partialPath, readStored, sessionsOf, type TestSession } from "../ingest/support/TestSession.ts"
import { invited, joined, newKey, password } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"

const soon = { orphanAfter: Duration.millis(150) }

/** Two hubs over one database and one place for recordings, each with a disk of its own; they come and go by themselves. */
const twoHubs = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const outer = yield* Effect.scope
  const storage = Filesystem.layer(join(folder, "bucket"))
  const start = (name: string) =>
    Effect.fnUntraced(function* (options: IngestHubOptions = {}) {
      const scope = yield* Scope.make()
      yield* Scope.addFinalizer(outer, Scope.close(scope, Exit.void))
      const shared = { database: join(folder, "shared"), storage }
      const hub = yield* Scope.extend(ingestHub(join(folder, name), { ...shared, ...options }), scope)
      return { ...hub, recordings: join(folder, name, "recordings"), end: Scope.close(scope, Exit.void), scope }
    })
  return { startA: start("a"), startB: start("b"), bucket: join(folder, "bucket") }
})
type Hub = IngestHub & { readonly scope: Scope.CloseableScope; readonly end: Effect.Effect<void> }

const inClear: KnownKeys = { current: null, all: [] }
const own: OwnSettings = {
  entry: { address: "hub.example:3080", ssh_port: null },
  storage: { _tag: "S3" },
  keys: inClear,
}

const announce = (hub: Hub, said: Said) =>
  hub.run(Effect.flatMap(Hubs, (hubs) => hubs.announce(said))).pipe(Scope.extend(hub.scope))

/** It says that it is there, as a hub does that serves. */
const there = (hub: Hub, keys = inClear) => announce(hub, { ...own, alone: false, keys })

const open = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, { header }: TestSession) {
  const call = yield* callAs(hub.port, node)
  call.send(header)
  return yield* call.until(({ opened, stored, kept, status }) =>
    [opened, stored, kept, status].some((one) => one !== undefined),
  )
})

/** As an agent does: comes until the hub says that it is stored. */
const bring = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, session: TestSession) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const call: TestCall = yield* open(hub, node, session)
    if (call.opened !== undefined) call.send(...session.frames.slice(call.opened - 1), session.end)
    if ((yield* call.over).code === status.OK && call.stored !== undefined) return call.stored
  }
  return yield* Effect.dieMessage("the hub does not take the recording")
})

/** A session of which that hub has three frames. */
const begun = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, session: TestSession) {
  const call = yield* open(hub, node, session)
  call.send(...session.frames.slice(0, 3))
  return yield* call.until(({ acked }) => acked === 3)
})

const events = (hub: IngestHub, { info }: TestSession) =>
  hub.run(
    Effect.flatMap(AuditLog, (audit) =>
      Stream.runCollect(
        audit.list({ type: null, user: null, sessionId: info.sessionId, node: null, sinceMs: null, limit: null }),
      ),
    ).pipe(
      Effect.map((found) =>
        Array.from(found)
          .map(({ type }) => type)
          .toReversed(),
      ),
    ),
  )

const rowOf = (hub: IngestHub, { info }: TestSession) =>
  hub.run(Effect.flatMap(Sessions, (sessions) => sessions.get(info.sessionId))).pipe(Effect.map(Option.getOrUndefined))

const stateOf = (hub: IngestHub, { info }: TestSession) =>
  hub
    .run(Effect.flatMap(Recordings, (recordings) => recordings.get(info.sessionId)))
    .pipe(Effect.map(Option.match({ onNone: () => undefined, onSome: ({ state }) => state })))

const readClear = ({ info }: TestSession) =>
  Effect.flatMap(RecordingStore, (store) =>
    Stream.runCollect(store.read(info.sessionId as SessionId, { sealed: false })),
  )

/** Waits until it is so, 20 seconds at most. */
const until = <E>(what: string, isSo: Effect.Effect<boolean, E>) =>
  isSo.pipe(
    Effect.filterOrFail((so) => so),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeoutFail({ duration: "20 seconds", onTimeout: () => new Error(`never: ${what}`) }),
    Effect.orDie,
  )

const inBucket = (hub: Hub, bucket: string, session: TestSession) =>
  readStored({ ...hub, recordings: bucket }, session).shown

it.scopedLive(
  "an agent brings to the other hub what the first had when it was lost; back again, that one adds nothing",
  () =>
    Effect.gen(function* () {
      const { startA, startB, bucket } = yield* twoHubs
      const a = yield* startA()
      const node = yield* a.run(joined("web-1"))
      const session = (yield* a.run(sessionsOf("alice")))()
      yield* begun(a, node, session)
      const b = yield* startB(soon)
      yield* a.end
      const { digest } = yield* bring(b, node, session)
      expect(inBucket(b, bucket, session)).toBe(session.shown)
      expect(existsSync(partialPath(a, session))).toBe(true)
      const back = yield* startA(soon)
      yield* until(
        "its file is gone",
        Effect.sync(() => !existsSync(partialPath(back, session))),
      )
      expect(yield* events(b, session)).toEqual(["session.start", "session.end", "session.recording.stored"])
      expect(yield* rowOf(b, session)).toMatchObject({ status: "completed", recording_digest: digest })
      expect(inBucket(b, bucket, session)).toBe(session.shown)
    }),
)

it.scopedLive("who follows a session at one hub goes on while another takes it over", () =>
  Effect.gen(function* () {
    const { startA, startB } = yield* twoHubs
    const a = yield* startA()
    const node = yield* a.run(joined("web-1"))
    const session = (yield* a.run(sessionsOf("alice")))()
    yield* begun(a, node, session)
    const b = yield* startB(soon)
    const followed = yield* b
      .run(Effect.flatMap(RecordingStore, ({ follow }) => Stream.runCollect(follow(session.info.sessionId))))
      .pipe(Effect.forkScoped)
    yield* a.end
    yield* bring(b, node, session)
    const { items, error } = readAll(Buffer.concat([...(yield* Fiber.join(followed))]))
    expect(error).toBeUndefined()
    expect(Buffer.concat(framesOf(items).map(({ payload }) => payload)).toString()).toBe(session.shown)
  }),
)

it.scopedLive(
  "a session that was lost with hub and agent is ended by the other hub, and completed by the first when it is back",
  () =>
    Effect.gen(function* () {
      const { startA, startB, bucket } = yield* twoHubs
      const a = yield* startA()
      const node = yield* a.run(joined("web-1"))
      const session = (yield* a.run(sessionsOf("alice")))()
      yield* Effect.scoped(begun(a, node, session))
      yield* there(a)
      const b = yield* startB({ orphanAfter: Duration.seconds(3) })
      yield* a.end
      expect(yield* rowOf(b, session)).toMatchObject({ status: "active" })
      yield* until(
        "it is ended",
        Effect.map(rowOf(b, session), (row) => row?.status === "interrupted"),
      )
      expect(yield* stateOf(b, session)).toBe("open")
      expect(yield* Effect.flip(b.run(readClear(session)))).toMatchObject({
        _tag: "Unavailable",
        message: expect.stringMatching(/try again later$/),
      })
      yield* startA(soon)
      yield* until(
        "it is stored",
        Effect.map(stateOf(b, session), (state) => state === "stored"),
      )
      expect(inBucket(b, bucket, session)).toBe(session.shown.slice(0, 60))
      expect(yield* events(b, session)).toEqual(["session.start", "session.end", "session.recording.stored"])
      expect(yield* rowOf(b, session)).toMatchObject({ status: "interrupted", reason: "agent lost" })
    }),
)

it.scopedLive("a hub that stood still has no say any more in a session that its agent took to the other", () =>
  Effect.gen(function* () {
    const { startA, startB, bucket } = yield* twoHubs
    const [a, b] = [yield* startA(soon), yield* startB(soon)]
    const node = yield* a.run(joined("web-1"))
    const session = (yield* a.run(sessionsOf("alice")))()
    const stale = yield* begun(a, node, session)
    yield* bring(b, node, session)
    stale.send(...session.frames.slice(3), session.end)
    expect((yield* stale.over).code).toBe(status.ABORTED)
    expect(inBucket(b, bucket, session)).toBe(session.shown)
    expect(yield* events(b, session)).toEqual(["session.start", "session.end", "session.recording.stored"])
    yield* until(
      "what it had is gone",
      Effect.sync(() => !existsSync(partialPath(a, session))),
    )
  }),
)

it.scopedLive("a hub does not start beside one that can't serve beside others, until that has stopped", () =>
  Effect.gen(function* () {
    const { startA, startB } = yield* twoHubs
    const [a, b] = [yield* startA(), yield* startB()]
    yield* announce(a, { entry: null, alone: true, keys: inClear })
    yield* there(b)
    const check = b.run(checkOthers(own))
    const { message } = yield* Effect.flip(check)
    expect(message).toMatch(
      /^the hub [0-9a-f-]{36} serves this cluster too, and cannot beside another: set MEZITE_PUBLIC_ADDRESS and MEZITE_RECORDING_BACKEND=s3 there/,
    )
    yield* a.end
    yield* check
  }),
)

it.scopedLive(
  "a hub does not start beside one of which it can't read what that records, nor that one what it does",
  () =>
    Effect.gen(function* () {
      const { startA, startB } = yield* twoHubs
      const [a, b] = [yield* startA(), yield* startB()]
      yield* there(a, { current: "k2", all: ["k1", "k2"] })
      const check = (keys: KnownKeys) => b.run(checkOthers({ ...own, keys }))
      const refusal = (keys: KnownKeys) => Effect.map(Effect.flip(check(keys)), ({ message }) => message)
      const serves = "the hub at hub.example:3080 serves this cluster too"
      expect(yield* refusal(inClear)).toMatch(
        `${serves}, and encrypts recordings with the key k2, which this one does not`,
      )
      expect(yield* refusal({ current: "k1", all: ["k1"] })).toMatch(/with the key k2, which this one does not have: /)
      expect(yield* refusal({ current: "k3", all: ["k2", "k3"] })).toMatch(
        `${serves}, and does not have the key k3, with which this one encrypts recordings: `,
      )
      // As keys are changed one hub after the other.
      yield* check({ current: "k1", all: ["k2", "k1"] })
      yield* check({ current: "k2", all: ["k2"] })
      yield* check({ current: null, all: ["k2"] })
    }),
)

it.scopedLive("a session that another hub took for lost is active again when its hub is back, and goes on there", () =>
  Effect.gen(function* () {
    const { startA, startB, bucket } = yield* twoHubs
    const a = yield* startA()
    const node = yield* a.run(joined("web-1"))
    const session = (yield* a.run(sessionsOf("alice")))()
    const call = yield* begun(a, node, session)
    const b = yield* startB(soon)
    yield* until(
      "it is ended",
      Effect.map(rowOf(b, session), (row) => row?.status === "interrupted"),
    )
    yield* there(a)
    yield* until(
      "it is active again",
      Effect.map(rowOf(b, session), (row) => row?.status === "active" && row.ended_ms === null),
    )
    call.send(...session.frames.slice(3), session.end)
    expect((yield* call.over).code).toBe(status.OK)
    expect(yield* rowOf(b, session)).toMatchObject({ status: "completed" })
    expect(inBucket(b, bucket, session)).toBe(session.shown)
    expect(yield* events(b, session)).toEqual(["session.start", "session.end", "session.recording.stored"])
  }),
)

it.scopedLive("nobody ends a session for want of its hub that has come back meanwhile, or that another has taken", () =>
  Effect.gen(function* () {
    const { startA, startB } = yield* twoHubs
    const [a, b] = [yield* startA(), yield* startB()]
    const node = yield* a.run(joined("web-1"))
    const session = (yield* a.run(sessionsOf("alice")))()
    yield* begun(a, node, session)
    const sessionId = session.info.sessionId as SessionId
    const [atA, atB] = [yield* a.run(SessionHubs), yield* b.run(SessionHubs)]
    const taken: Array<string> = []
    const lost = (then: Effect.Effect<unknown, unknown>) => atB.whileLost(sessionId, "1 minute", then)
    const mark = (what: string) => Effect.sync(() => taken.push(what))
    const abandoned = Effect.map(atB.abandoned("1 minute"), (found) => found.map(({ session_id }) => session_id))
    expect(yield* abandoned).toEqual([sessionId])
    const retaken = Effect.zipRight(atA.take(sessionId), mark("taken"))
    yield* Effect.scoped(
      Effect.gen(function* () {
        const waiting = yield* Deferred.make<void>()
        const taker = yield* Effect.forkScoped(Effect.zipRight(Deferred.await(waiting), retaken))
        yield* lost(Effect.all([Deferred.succeed(waiting, undefined), Effect.sleep("300 millis"), mark("ended")]))
        yield* Fiber.join(taker)
      }),
    )
    expect(taken).toEqual(["ended", "taken"])
    yield* there(a)
    yield* lost(mark("wrongly"))
    expect([taken, yield* abandoned]).toEqual([["ended", "taken"], []])
  }),
)

it.scopedLive("whose a session was is forgotten some time after it is stored, and no sooner", () =>
  Effect.gen(function* () {
    const { startA } = yield* twoHubs
    const a = yield* startA()
    const node = yield* a.run(joined("web-1"))
    const [stored, running] = (yield* a.run(Effect.map(sessionsOf("alice"), (make) => [make(), make()]))) as [
      TestSession,
      TestSession,
    ]
    yield* bring(a, node, stored)
    yield* begun(a, node, running)
    const hubs = yield* a.run(SessionHubs)
    const sql = yield* a.run(SqlClient.SqlClient)
    const known = sql<{ session_id: string }>`SELECT session_id FROM session_hubs`
    yield* hubs.forget("7 days")
    expect(yield* known).toHaveLength(2)
    yield* sql`UPDATE sessions SET ended_ms = 1 WHERE ended_ms IS NOT NULL`
    yield* hubs.forget("7 days")
    expect(yield* known).toEqual([{ session_id: running.info.sessionId }])
    // It may be asked for again: nothing has changed.
    yield* bring(a, node, stored)
    expect(yield* stateOf(a, stored)).toBe("stored")
  }),
)

it.scopedLive("what one hub has of an encrypted recording it can go on with after another began it anew", () =>
  Effect.gen(function* () {
    const key = masterKey
    const { startA, startB, bucket } = yield* twoHubs
    const [a, b] = [yield* startA({ key }), yield* startB({ key })]
    const node = yield* a.run(joined("web-1"))
    const session = (yield* a.run(sessionsOf("alice")))()
    yield* Effect.scoped(begun(a, node, session))
    yield* Effect.scoped(begun(b, node, session))
    yield* bring(a, node, session)
    const keys = yield* keysOf(a, session, key)
    expect(readStored({ ...a, recordings: bucket }, session, keys).shown).toBe(session.shown)
  }),
)

/** A bucket that one hub does not reach. */
const unreachable = Layer.succeed(RecordingStorage, {
  put: () => new StorageFailed({ message: "no answer", away: true }),
  open: () => Effect.succeedNone,
  remove: () => Effect.void,
})

it.scopedLive("what waits on one hub's disk is that hub's to store, as long as it is there", () =>
  Effect.gen(function* () {
    const { startA, startB, bucket } = yield* twoHubs
    const [a, b] = [yield* startA({ storage: unreachable }), yield* startB()]
    yield* Effect.all([there(a), there(b)])
    const own = yield* b.run(Effect.map(Hubs, ({ id }) => id))
    const node = yield* a.run(joined("web-1"))
    const session = (yield* a.run(sessionsOf("alice")))()
    const call = yield* open(a, node, session)
    call.send(...session.frames, session.end)
    yield* call.until(({ kept }) => kept !== undefined)
    const asked = yield* open(b, node, session)
    expect([asked.kept?.digest, asked.opened]).toEqual([call.kept?.digest, undefined])
    yield* a.end
    yield* b.run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE hubs SET seen_ms = 0 WHERE id <> ${own}`))
    yield* until(
      "the other takes it from the agent",
      Effect.map(Effect.scoped(open(b, node, session)), ({ opened }) => opened === 1),
    )
    const { digest } = yield* bring(b, node, session)
    const back = yield* startA(soon)
    yield* until(
      "what it kept is gone",
      Effect.sync(() => !existsSync(partialPath(back, session))),
    )
    expect(yield* rowOf(b, session)).toMatchObject({ recording_digest: digest })
    expect(inBucket(b, bucket, session)).toBe(session.shown)
    expect(yield* events(b, session)).toEqual(["session.start", "session.end", "session.recording.stored"])
  }),
)

it.scopedLive("logins that fail at one of them count at the other", () =>
  Effect.gen(function* () {
    const { startA, startB } = yield* twoHubs
    const [a, b] = [yield* startA(), yield* startB()]
    const about = { user: "mallory", invite: null, password, code: null, remoteAddress: "192.0.2.9:1" }
    const messages: Array<string> = []
    for (const hub of [a, b, a, b, a, b]) {
      const failed = Effect.flatMap(Logins, (logins) => logins.login({ ...about, publicKey: newKey().line }))
      messages.push((yield* Effect.flip(hub.run(failed))).message)
    }
    expect(messages.at(4)).toBe("the user name, the password or the invite is wrong")
    expect(messages.at(5)).toBe("too many failed logins: try again in 1 s")
    const sql = yield* a.run(SqlClient.SqlClient)
    expect(JSON.stringify(yield* sql`SELECT * FROM login_attempts`)).not.toContain("mallory")
  }),
)

it.scopedLive(
  "a flood of logins from one address is refused by each hub without the database, and by all together",
  () =>
    Effect.gen(function* () {
      const { startA, startB } = yield* twoHubs
      const [a, b] = [yield* startA(), yield* startB()]
      const sql = yield* a.run(SqlClient.SqlClient)
      const admitted = (hub: Hub, times: number) =>
        hub.run(
          Effect.flatMap(LoginThrottle, ({ admit }) =>
            Effect.replicateEffect(admit("192.0.2.9:1"), times, { concurrency: "unbounded" }),
          ),
        )
      const minute = Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now / 60_000))
      const tried = Effect.gen(function* () {
        const began = yield* minute
        const [here, there] = [yield* admitted(a, 200), yield* admitted(b, 1)]
        if ((yield* minute) !== began) return yield* Effect.fail("the minute was over meanwhile")
        return { here: here.filter((waitMs) => waitMs === 0).length, there: there[0] }
      })
      const { here, there } = yield* Effect.retry(tried, { times: 1 })
      expect(here).toBe(60)
      expect(there).toBeGreaterThan(0)
      const [row] = yield* sql<{ state: string }>`SELECT state FROM login_attempts`
      expect(JSON.parse(row?.state ?? "")).toMatchObject({ count: 61 })
    }),
)

it.scopedLive("what is good once is good at one of them", () =>
  Effect.gen(function* () {
    const { startA, startB } = yield* twoHubs
    const hubs = [yield* startA(), yield* startB()]
    const [a] = hubs
    if (a === undefined) throw new Error("there are two")
    const node = yield* a.run(joined("web-1"))
    const { invite } = yield* a.run(invited("alice"))
    const { token } = yield* a.run(
      Effect.flatMap(JoinTokens, (tokens) => tokens.add({ ttl: Duration.hours(1), uses: 3, labels: null }, "tester")),
    )
    const bearer = yield* tokenOf(node)
    const atBoth = <A, E>(attempt: (hub: Hub) => Effect.Effect<A, E>, times: number) =>
      Effect.forEach(Array.from({ length: times }, () => hubs).flat(), (hub) => Effect.option(attempt(hub)), {
        concurrency: "unbounded",
      }).pipe(Effect.map((done) => done.filter(Option.isSome).length))
    expect(yield* atBoth((hub) => hub.run(Effect.flatMap(Callers, (callers) => callers.verifiedNode(bearer))), 5)).toBe(
      1,
    )
    expect(
      yield* atBoth((hub) => hub.run(Effect.flatMap(JoinTokens, (tokens) => Effect.flatten(tokens.use(token)))), 5),
    ).toBe(3)
    const about = { user: "alice", invite, password, code: null, remoteAddress: null }
    expect(
      yield* atBoth(
        (hub) => hub.run(Effect.flatMap(Logins, (logins) => logins.login({ ...about, publicKey: newKey().line }))),
        3,
      ),
    ).toBe(1)
  }),
)
