import * as fs from "node:fs"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option } from "effect"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import { listSpool } from "../../../src/node/spool/listSpool.ts"
import { retrySetAside } from "../../../src/node/spool/retrySetAside.ts"
import { Spool } from "../../../src/node/spool/Spool.ts"
import { SpoolUploader } from "../../../src/node/spool/SpoolUploader.ts"
import { MAGIC } from "../../../src/recording/index.ts"
import { callAs } from "../../auth/ingest/support/TestCall.ts"
import { readStored, storedPath } from "../../auth/ingest/support/TestSession.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"
import { agent, eventually, run, scene } from "./support/AgentScene.ts"

describe("the spool's uploader", () => {
  it.scopedLive("brings everything that waits, and deletes only what is stored", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, directory } = yield* scene()
      const several = Array.from({ length: 7 }, (_, index) => session({ mode: "node" }, 3 + index))
      for (const one of several) leave(one)
      yield* start
      yield* eventually(() => several.every((one) => !fs.existsSync(path(one))))
      for (const one of several) expect(readStored(hub, one)).toMatchObject({ shown: one.shown })
      expect(fs.readdirSync(directory)).toEqual(["rejected"])
    }),
  )

  it.scopedLive("waits for a hub that is away, and brings it when it is back", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, network } = yield* scene()
      network.leadsTo(undefined)
      const one = session({ mode: "node" })
      leave(one)
      yield* start
      yield* Effect.sleep("1 second")
      expect([fs.existsSync(path(one)), fs.existsSync(storedPath(hub, one))]).toEqual([true, false])
      network.leadsTo(hub.port)
      yield* eventually(() => !fs.existsSync(path(one)))
      expect(readStored(hub, one).shown).toBe(one.shown)
    }),
  )

  it.scopedLive("gives up a connection that was taken as the hub was away, and that nobody ever answers", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, network } = yield* scene()
      const taken: Array<Socket> = []
      const nobody = yield* Effect.acquireRelease(
        Effect.async<Server>((resume) => {
          const server = createServer((socket) => void taken.push(socket))
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close()),
      )
      network.leadsTo(undefined)
      const one = session({ mode: "node" })
      leave(one)
      yield* start
      yield* Effect.sleep("1 second")
      network.leadsTo((nobody.address() as AddressInfo).port)
      yield* eventually(() => taken.length > 0)
      network.leadsTo(hub.port)
      yield* eventually(() => !fs.existsSync(path(one)))
      expect(readStored(hub, one).shown).toBe(one.shown)
    }),
  )

  it.scopedLive("waits no longer where somebody puts the machine's clock back", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, network, directory } = yield* scene()
      let behindMs = 0
      const now = () => Date.now() - behindMs
      const clock = Object.assign(Clock.make(), { currentTimeMillis: Effect.sync(now), unsafeCurrentTimeMillis: now })
      network.leadsTo(undefined)
      const one = session({ mode: "node" })
      leave(one)
      yield* Effect.withClock(start, clock)
      const [listed] = yield* Effect.repeat(Effect.delay(listSpool(directory, { agentRuns: true }), "20 millis"), {
        until: ([entry]) => entry?.next_attempt_at != null,
      })
      expect(Math.abs(Date.parse(listed?.next_attempt_at ?? "") - Date.now())).toBeLessThan(5_000)
      behindMs = 60_000
      network.leadsTo(hub.port)
      yield* eventually(() => !fs.existsSync(path(one)))
      expect(readStored(hub, one).shown).toBe(one.shown)
    }),
  )

  it.scopedLive("goes on where the network broke, without sending all of it again", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, network } = yield* scene()
      const one = session({ mode: "node" }, 60, 100_000)
      leave(one)
      const size = fs.statSync(path(one)).size
      network.cutAfter(Math.floor(size * 0.7))
      yield* start
      yield* eventually(() => !fs.existsSync(path(one)))
      expect(readStored(hub, one).shown).toBe(one.shown)
      expect(network.sent()).toBeLessThan(size * 1.6)
    }),
  )

  it.scopedLive("sets aside what is damaged or refused, and is not held up by it", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, directory } = yield* scene()
      const [refused, damaged, headless, good] = [session({ login: "postgres" }), session(), session(), session()]
      leave(refused)
      leave(damaged, [...damaged.frames.slice(0, 2), Buffer.from("\u0000nonsense"), damaged.end])
      leave(headless, [], headless.header.length - 5)
      leave(good)
      yield* start
      yield* eventually(() => [refused, damaged, headless, good].every((one) => !fs.existsSync(path(one))))
      expect(fs.readdirSync(join(directory, "rejected")).toSorted()).toEqual(
        [refused, damaged, headless]
          .flatMap(({ info }) => [`${info.sessionId}.rec`, `${info.sessionId}.state`])
          .toSorted(),
      )
      const reasons = (yield* listSpool(directory, { agentRuns: true })).map(({ session_id, state, reason }) => [
        session_id,
        state,
        reason,
      ])
      expect(Object.fromEntries(reasons.map(([id, , reason]) => [id, reason]))).toEqual({
        [refused.info.sessionId]: expect.stringMatching(/^the hub refused the recording: .*login postgres/),
        [damaged.info.sessionId]: expect.stringMatching(/^it is damaged: /),
        [headless.info.sessionId]: "it is damaged: at byte 0: not even the header was written",
      })
      expect(reasons.every(([, state]) => state === "set_aside")).toBe(true)
      expect(readStored(hub, good).shown).toBe(good.shown)
    }),
  )

  it.scopedLive("removes what was killed before it began, and keeps nothing of it", () =>
    Effect.gen(function* () {
      const { session, path, start, directory } = yield* scene()
      for (const content of [Buffer.alloc(0), MAGIC.subarray(0, 7), MAGIC]) fs.writeFileSync(path(session()), content)
      yield* start
      yield* eventually(() => fs.readdirSync(directory).join() === "rejected")
      expect(fs.readdirSync(join(directory, "rejected"))).toEqual([])
    }),
  )

  it.scopedLive("brings what was set aside once somebody says so, with what its file lacks", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, directory } = yield* scene()
      const [one, other] = [session(), session()]
      const lost = { reason: "ENOSPC", frames: 2, bytes: 9, time_ms: 100 }
      for (const each of [one, other]) leave(each, each.frames)
      const aside = ({ info }: typeof one, kind: string) => join(directory, "rejected", `${info.sessionId}.${kind}`)
      const spool = yield* Effect.provide(Spool, Spool.layer({ directory, minFree: 0, onLocalFailure: "end" }))
      for (const each of [one, other]) {
        const recording = { sessionId: SessionId.make(each.info.sessionId), path: path(each) }
        const tail = { position: fs.statSync(path(each)).size, frames: each.frames.length, lost, end: null }
        yield* spool.note(recording, { tail: each === one ? tail : null })
        yield* spool.setAside(recording, "the hub knows no such user")
      }
      const services = yield* start
      expect(yield* retrySetAside(directory, [SessionId.make(one.info.sessionId)])).toEqual([one.info.sessionId])
      yield* Effect.provide(
        Effect.flatMap(SpoolUploader, ({ wake }) => wake),
        services,
      )
      yield* eventually(() => !fs.existsSync(path(one)) && !fs.existsSync(aside(one, "state")))
      const stored = readStored(hub, one)
      expect([stored.shown.startsWith(one.shown), stored.end?.status]).toEqual([true, "truncated"])
      expect(["rec", "state"].map((kind) => fs.existsSync(aside(other, kind)))).toEqual([true, true])
      expect(yield* retrySetAside(directory, "all")).toEqual([other.info.sessionId])
      expect(yield* listSpool(directory, { agentRuns: true })).toMatchObject([{ state: "waiting", reason: "" }])
    }),
  )

  it.scopedLive("ends a recording whose agent was killed, also where the hub has more of it", () =>
    Effect.gen(function* () {
      const { hub, node, session, leave, path, start } = yield* scene()
      const [torn, behind] = [session({}, 6), session({}, 8)]
      const live = yield* callAs(hub.port, node)
      live.send(behind.header, ...behind.frames)
      yield* live.until(({ acked }) => acked === 8)
      leave(torn, torn.frames, 5)
      leave(behind, behind.frames.slice(0, 3), 2)
      yield* start
      yield* eventually(() => [torn, behind].every((one) => !fs.existsSync(path(one))))
      const killed = { status: "interrupted", reason: "the agent was killed" }
      expect(readStored(hub, torn)).toMatchObject({ shown: torn.shown.slice(0, 100), end: { ...killed, frames: 5 } })
      expect(readStored(hub, behind)).toMatchObject({ shown: behind.shown, end: { ...killed, frames: 8 } })
    }),
  )

  it.scopedLive("gives up a hub that says nothing more, and comes again", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, start, network } = yield* scene()
      const one = session({ mode: "node" }, 60, 100_000)
      leave(one)
      yield* start
      yield* eventually(() => network.sent() > 200_000)
      network.stall()
      const since = performance.now()
      yield* eventually(() => !fs.existsSync(path(one)))
      expect(performance.now() - since).toBeLessThan(20_000)
      expect(readStored(hub, one).shown).toBe(one.shown)
    }),
  )
})

describe("a session in node-sync", () => {
  it.scopedLive("ends when the hub falls silent, and the hub has all of it later", () =>
    Effect.gen(function* () {
      const { hub, session, path, start, network } = yield* scene()
      const services = yield* start
      const one = session()
      const { client, terminal, fiber } = yield* Effect.provide(run(one), services)
      terminal.prints("$ ")
      yield* eventually(() => client.seen.length === 1)
      client.types("id\r")
      yield* eventually(() => terminal.done.length === 1)
      network.stall()
      client.types("rm -rf /\r")
      terminal.prints("uid=0(root)")
      const since = performance.now()
      const outcome = yield* fiber
      expect(outcome).toMatchObject({ left: { message: "the hub confirmed nothing for 3 s" } })
      expect(performance.now() - since).toBeLessThan(4500)
      expect(terminal.state.closed).toBe(true)
      expect(terminal.done).toEqual(["type id\r"])
      yield* eventually(() => !fs.existsSync(path(one)))
      const { shown, end } = readStored(hub, one)
      expect(shown).toBe("$ id\rrm -rf /\ruid=0(root)")
      expect(end).toMatchObject({ status: "interrupted", reason: "the hub confirmed nothing for 3 s" })
    }),
  )

  it.scopedLive("goes on where the machine stood still for longer than the hub may be silent", () =>
    Effect.gen(function* () {
      const { session, start } = yield* scene()
      const services = yield* start
      const { client, terminal, fiber } = yield* Effect.provide(run(session()), services)
      terminal.prints("$ ")
      yield* eventually(() => client.seen.length === 1)
      const until = performance.now() + 4_000
      while (performance.now() < until);
      terminal.prints("back")
      yield* eventually(() => client.seen.length === 2)
      client.types("exit\r")
      yield* eventually(() => terminal.done.length === 1)
      terminal.ends(0)
      expect(yield* fiber).toMatchObject({ right: { status: "completed" } })
    }),
  )

  it.scopedLive("leaves nothing in the spool when it was stored, nor when it never began", () =>
    Effect.gen(function* () {
      const { hub, session, directory, start, network } = yield* scene()
      const services = yield* start
      const one = session()
      const { terminal, fiber, client } = yield* Effect.provide(run(one), services)
      terminal.prints("bye")
      yield* eventually(() => client.seen.length === 1)
      terminal.ends(0)
      expect(yield* fiber).toMatchObject({ right: { status: "completed" } })
      expect(readStored(hub, one).shown).toBe("bye")
      network.leadsTo(undefined)
      network.cut()
      const unbegun = session()
      const refused = yield* Effect.provide(run(unbegun), services)
      expect(yield* refused.fiber).toMatchObject({ _tag: "Left" })
      expect(refused.terminal.state.pulled).toBe(0)
      expect(fs.readdirSync(directory)).toEqual(["rejected"])
      const row = yield* hub.run(Effect.flatMap(Sessions, (sessions) => sessions.get(unbegun.info.sessionId)))
      expect(Option.isNone(row)).toBe(true)
    }),
  )

  it.scopedLive("does not begin where there is too little room on the disk", () =>
    Effect.gen(function* () {
      const { session, node, network } = yield* scene()
      const directory = join(yield* temporaryFolder, "spool")
      const full = agent(directory, network.port, node, { minFree: Number.MAX_SAFE_INTEGER })
      const { fiber, terminal } = yield* Effect.provide(run(session()), yield* Layer.build(full))
      const outcome = yield* fiber
      expect(outcome).toMatchObject({ left: { message: expect.stringContaining("make room in") } })
      expect(terminal.state.pulled).toBe(0)
    }),
  )
})
