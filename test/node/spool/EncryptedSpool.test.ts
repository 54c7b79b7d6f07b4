import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Logger, LogLevel, Scope } from "effect"
import { listSpool } from "../../../src/node/spool/listSpool.ts"
import {
  decodeFrame,
  encodeFrameEntry,
  encodeHeaderEntry,
  KeyRing,
  type RecipientKey,
  splitEntries,
} from "../../../src/recording/index.ts"
import { ingestHub } from "../../auth/ingest/support/IngestHub.ts"
import { keysOf, readProven, storedPath, type TestSession } from "../../auth/ingest/support/TestSession.ts"
import { framesOf, masterKey, masterKeyOf, readAll } from "../../support/recordings.ts"
import { eventually, run, scene } from "./support/AgentScene.ts"

/** The session as an agent spools it for a hub with that key. */
const spooled = (one: TestSession, recipient: RecipientKey = masterKey.recipientKey): TestSession => {
  const { encryption, cipher } = recipient.address(one.info.sessionId)
  const encrypt = (entry: Uint8Array) => {
    const [{ body } = { body: entry }] = splitEntries(entry)
    return encodeFrameEntry(cipher.encrypt(decodeFrame(body, 0)))
  }
  const header = encodeHeaderEntry({ info: one.info, deflate: true, encryption })
  return { ...one, header, frames: one.frames.map(encrypt) }
}

const filesIn = (directory: string) =>
  fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(join(entry.parentPath, entry.name)))

const expectNothingIn = (directory: string, ...clear: ReadonlyArray<string>) => {
  for (const content of filesIn(directory)) for (const text of clear) expect(content.includes(text)).toBe(false)
}

/** A scene whose hub has an encryption key, which its agent encrypts for. */
const encrypted = Effect.gen(function* () {
  const parts = yield* scene({ key: masterKey })
  const stored = (one: TestSession, key = masterKey) =>
    Effect.map(keysOf(parts.hub, one, key), (keys) =>
      readProven(parts.hub, fs.readFileSync(storedPath(parts.hub, one)), keys),
    )
  return { ...parts, stored }
})

/** What is said of one that waits. */
const waits = (directory: string, one: TestSession) =>
  Effect.repeat(
    Effect.delay(
      Effect.map(listSpool(directory, { agentRuns: true }), (all) =>
        all.find(({ session_id, last_error }) => session_id === one.info.sessionId && last_error !== null),
      ),
      "20 millis",
    ),
    { until: (entry) => entry !== undefined },
  )

describe("a spool that is encrypted for the hub", () => {
  it.scopedLive("shows nothing of a session while it is recorded, nor after, and the hub has all of it", () =>
    Effect.gen(function* () {
      const { session, path, start, network, directory, stored } = yield* encrypted
      const services = yield* start
      const [live, alone] = [session(), session({ mode: "node" })]
      for (const one of [live, alone]) {
        if (one === alone) network.leadsTo(undefined)
        const { client, terminal, fiber } = yield* Effect.provide(run(one), services)
        terminal.prints("shown to nobody else ".repeat(one === live ? 1 : 100))
        yield* eventually(() => client.seen.length === 1)
        client.types("typed secretly\r")
        yield* eventually(() => terminal.done.length === 1)
        expect(fs.statSync(path(one)).size).toBeGreaterThan(200)
        expectNothingIn(directory, "shown to", "typed sec")
        terminal.ends(0)
        expect(yield* fiber).toMatchObject({ right: { status: "completed" } })
      }
      expect(fs.existsSync(path(alone))).toBe(true)
      expectNothingIn(directory, "shown to", "typed sec")
      expect(fs.statSync(path(alone)).mode & 0o777).toBe(0o600)
      network.leadsTo(undefined)
      // Who has the file, and the master key, can read it; nobody else.
      const file = fs.readFileSync(path(alone))
      expect(readAll(file, { keys: new KeyRing(masterKeyOf(1)) }).error?.kind).toBe("UnknownKey")
      expect(framesOf(readAll(file, { keys: new KeyRing(masterKey) }).items)).toHaveLength(2)
      expect((yield* stored(live)).shown).toBe("shown to nobody else typed secretly\r")
    }),
  )

  it.scopedLive(
    "is brought whole by an agent that cannot read it, also where the network breaks or an agent was killed",
    () =>
      Effect.gen(function* () {
        const { session, leave, path, start, network, stored } = yield* encrypted
        const [whole, killed] = [session({ mode: "node" }, 60, 100_000), session({ mode: "node" }, 6)].map((one) =>
          spooled(one),
        ) as [TestSession, TestSession]
        leave(whole)
        const size = fs.statSync(path(whole)).size
        network.cutAfter(Math.floor(size * 0.7))
        leave(killed, killed.frames, 5)
        yield* start
        yield* eventually(() => [whole, killed].every((one) => !fs.existsSync(path(one))))
        expect((yield* stored(whole)).shown).toBe(whole.shown)
        expect(network.sent()).toBeLessThan(size * 1.6)
        expect(yield* stored(killed)).toMatchObject({
          shown: killed.shown.slice(0, 100),
          end: { status: "interrupted", reason: "the agent was killed", frames: 5 },
        })
      }),
  )

  it.scopedLive("completes what was streamed until its agent was killed", () =>
    Effect.gen(function* () {
      const { session, path, start, hub, stored } = yield* encrypted
      const one = session()
      const scope = yield* Scope.make()
      const services = yield* Scope.extend(start, scope)
      const { client, terminal } = yield* Effect.provide(run(one), services)
      terminal.prints("seen")
      yield* eventually(() => client.seen.length === 1)
      const copy = fs.readFileSync(path(one))
      yield* Scope.close(scope, Exit.void)
      // As it was when the agent was killed.
      fs.writeFileSync(path(one), copy)
      yield* start
      yield* eventually(() => fs.existsSync(storedPath(hub, one)) && !fs.existsSync(path(one)))
      expect((yield* stored(one)).shown).toBe("seen")
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
  )

  it.scopedLive("is taken with a key that is old by now, and waits for one that the hub has lost", () =>
    Effect.gen(function* () {
      const { session, leave, path, start, network, directory } = yield* scene({
        key: masterKeyOf(2),
        oldKeys: [masterKeyOf(1)],
      })
      const [old, lost] = [session({ mode: "node" }), session({ mode: "node" })]
      leave(spooled(old, masterKeyOf(1).recipientKey))
      leave(spooled(lost))
      yield* start
      yield* eventually(() => !fs.existsSync(path(old)))
      const { last_error: told, state, key_id } = (yield* waits(directory, lost)) ?? {}
      expect([state, key_id, told]).toEqual([
        "waiting",
        masterKey.id,
        expect.stringMatching(
          new RegExp(
            `it was encrypted for the hub's key ${masterKey.id}, .*set it there as MEZITE_RECORDING_ENC_KEYS_OLD$`,
          ),
        ),
      ])
      network.leadsTo(undefined)
    }),
  )

  it.scopedLive("is brought once the hub has its key again", () =>
    Effect.gen(function* () {
      const { hub, session, leave, path, directory, start, network } = yield* scene({ key: masterKeyOf(2) })
      const one = spooled(session({ mode: "node" }))
      leave(one)
      yield* start
      yield* waits(directory, one)
      network.leadsTo(undefined)
      network.cut()
      const again = yield* ingestHub(dirname(hub.recordings), { key: masterKeyOf(2), oldKeys: [masterKey] })
      network.leadsTo(again.port)
      yield* eventually(() => !fs.existsSync(path(one)))
      const keys = yield* keysOf(again, one, masterKeyOf(2))
      expect(readProven(again, fs.readFileSync(storedPath(again, one)), keys).shown).toBe(one.shown)
    }),
  )

  it.scopedLive("is set aside where somebody changed it, and holds up nothing else", () =>
    Effect.gen(function* () {
      const { session, leave, path, start, directory, stored } = yield* encrypted
      const [changed, moved, good] = [session(), session(), session()].map((one) =>
        spooled({ ...one, info: { ...one.info, mode: "node" } }),
      ) as [TestSession, TestSession, TestSession]
      const at = changed.frames.map((entry) => Buffer.from(entry))
      at[2]?.writeUInt8(at[2].readUInt8(at[2].length - 6) ^ 1, at[2].length - 6)
      leave(changed, [...at, changed.end])
      leave(moved, [...good.frames, moved.end])
      leave(good)
      yield* start
      yield* eventually(() => [changed, moved, good].every((one) => !fs.existsSync(path(one))))
      const reasons = (yield* listSpool(directory, { agentRuns: true })).map(({ reason }) => reason)
      expect(reasons).toEqual([
        expect.stringMatching(/frame [13] was changed/),
        expect.stringMatching(/frame [13] was changed/),
      ])
      expect((yield* stored(good)).shown).toBe(good.shown)
    }),
  )
})
