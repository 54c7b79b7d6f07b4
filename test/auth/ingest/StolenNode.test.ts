import * as fs from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Option, Schedule } from "effect"
import { RecordingIngest } from "../../../src/auth/ingest/RecordingIngest.ts"
import { Locks } from "../../../src/auth/locks/Locks.ts"
import { Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { NodeName } from "../../../src/domain/Identifiers.ts"
import { joined } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"
import { ingestHub } from "./support/IngestHub.ts"
import { callAs, type TestNode } from "./support/TestCall.ts"
import { readStored, sessionsOf, storedPath, type TestSession } from "./support/TestSession.ts"

/** A hub, a node whose identity is in the wrong hands, and another node with a session that runs. */
const scene = Effect.gen(function* () {
  const hub = yield* ingestHub(yield* temporaryFolder)
  const [stolen, honest] = [yield* hub.run(joined("web-1")), yield* hub.run(joined("db-1"))]
  const session = yield* hub.run(sessionsOf("alice"))
  const open = Effect.fnUntraced(function* (node: TestNode, { header }: TestSession) {
    const call = yield* callAs(hub.port, node)
    call.send(header)
    return yield* call.until((one) => one.opened !== undefined || one.stored !== undefined || one.status !== undefined)
  })
  /** Sends a whole session, and waits until it is stored. */
  const store = Effect.fnUntraced(function* (node: TestNode, one: TestSession) {
    const call = yield* open(node, one)
    call.send(...one.frames, one.end)
    expect(yield* call.over).toMatchObject({ code: status.OK })
  })
  return { hub, stolen, honest, session, open, store }
})

const denied = { code: status.PERMISSION_DENIED }

describe("a stolen node identity", () => {
  it.scopedLive("touches no session of another node, running or finished, and does not stand in its way", () =>
    Effect.gen(function* () {
      const { hub, stolen, honest, session, open, store } = yield* scene
      const [running, finished] = [session({ node: "db-1" }), session({ node: "db-1" })]
      yield* store(honest, finished)
      const call = yield* open(honest, running)
      call.send(...running.frames.slice(0, 2))
      yield* call.until(({ acked }) => acked === 2)
      const before = fs.readFileSync(storedPath(hub, finished))
      for (const victim of [running, finished]) {
        // By the other node's name, and under the own one.
        for (const about of [victim.info, { ...victim.info, node: "web-1" }]) {
          const thief = yield* open(stolen, session(about))
          thief.send(...session(about).frames, session(about).end)
          expect(yield* thief.over).toMatchObject(denied)
        }
      }
      // Whoever hammers at a session that is another's keeps nobody from it.
      const taken = { ...running.info, node: "web-1" }
      call.cancel()
      const [again] = yield* Effect.all(
        [open(honest, running), Effect.replicateEffect(open(stolen, session(taken)), 20)],
        { concurrency: "unbounded" },
      )
      again.send(...running.frames.slice(2), running.end)
      expect(yield* again.over).toMatchObject({ code: status.OK })
      expect(readStored(hub, running).shown).toBe(running.shown)
      expect(fs.readFileSync(storedPath(hub, finished))).toEqual(before)
    }),
  )

  it.scopedLive("changes nothing of a session of its own that is over, or that the hub knows otherwise", () =>
    Effect.gen(function* () {
      const { hub, stolen, session, open, store } = yield* scene
      const mine = session()
      yield* store(stolen, mine)
      const before = fs.readFileSync(storedPath(hub, mine))
      const other = session({ ...mine.info })
      const again = yield* open(stolen, other)
      again.send(...other.frames, other.end)
      yield* again.over
      expect(again.stored).toBeDefined()
      for (const change of [
        { login: "root2" },
        { startedAtMs: mine.info.startedAtMs - 60_000 },
        { mode: "node" as const },
      ]) {
        expect(
          yield* Effect.flatMap(open(stolen, session({ ...mine.info, ...change })), (call) => call.over),
        ).toMatchObject(denied)
      }
      expect(fs.readFileSync(storedPath(hub, mine))).toEqual(before)
      const row = yield* hub.run(Effect.flatMap(Sessions, (sessions) => sessions.get(mine.info.sessionId)))
      expect(Option.getOrThrow(row)).toMatchObject({ login: "root", status: "completed" })
    }),
  )

  it.scopedLive("cannot take back what the hub has: frames that are sent again are passed over", () =>
    Effect.gen(function* () {
      const { hub, stolen, session, open } = yield* scene
      const mine = session()
      const call = yield* open(stolen, mine)
      call.send(...mine.frames.slice(0, 3))
      yield* call.until(({ acked }) => acked === 3)
      call.cancel()
      const other = session(mine.info)
      const again = yield* open(stolen, other)
      expect(again.opened).toBe(4)
      again.send(...other.frames, other.endWith({ framesDigest: new Uint8Array(0) }))
      expect(yield* again.over).toMatchObject({ code: status.OK })
      const lines = readStored(hub, mine).shown
      const [first = "", last = ""] = [mine.shown.slice(0, 60), other.shown.slice(60)]
      expect(lines).toBe(first + last)
    }),
  )

  it.scopedLive("is worth nothing once the node is removed: streams and sessions end at once, and none begins", () =>
    Effect.gen(function* () {
      const { hub, stolen, session, open } = yield* scene
      const running = session()
      const call = yield* open(stolen, running)
      yield* hub.run(
        Effect.gen(function* () {
          yield* Effect.flatMap(Nodes, (nodes) => nodes.remove(NodeName.make("web-1"), "tester"))
          yield* Effect.flatMap(RecordingIngest, (ingest) => ingest.expel(stolen.id))
        }),
      )
      expect(yield* call.over).toMatchObject({ ...denied, details: "this node was removed from the cluster" })
      // A hub waits an hour here for agents that may come back.
      const ended = yield* hub.run(
        Effect.flatMap(Sessions, (sessions) => sessions.get(running.info.sessionId)).pipe(
          Effect.flatMap(Option.filter((row) => row.status !== "active")),
          Effect.retry(Schedule.spaced("20 millis")),
          Effect.timeout("2 seconds"),
        ),
      )
      expect(ended).toMatchObject({ status: "interrupted", reason: "agent lost", ended_by: "tester" })
      const late = yield* open(stolen, session())
      expect(yield* late.over).toMatchObject({ code: status.UNAUTHENTICATED })
    }),
  )

  it.scopedLive("completes what the hub knows while the node is locked, and begins nothing", () =>
    Effect.gen(function* () {
      const { hub, stolen, session, open } = yield* scene
      const known = session()
      const call = yield* open(stolen, known)
      const target = { kind: "node", name: NodeName.make("web-1") } as const
      yield* hub.run(Effect.flatMap(Locks, (locks) => locks.add({ target, ttl: null, reason: "why" }, "tester")))
      for (const mode of ["node-sync", "node", "off"] as const) {
        expect(yield* Effect.flatMap(open(stolen, session({ mode })), (one) => one.over)).toMatchObject({
          code: status.UNAVAILABLE,
          details: "node web-1 is locked: why",
        })
      }
      call.cancel()
      const again = yield* open(stolen, known)
      again.send(...known.frames, known.end)
      expect(yield* again.over).toMatchObject({ code: status.OK })
      expect(readStored(hub, known).shown).toBe(known.shown)
    }),
  )
})
