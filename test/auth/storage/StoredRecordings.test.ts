import { describe, expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Fiber, Stream } from "effect"
import { RecordingStore } from "../../../src/auth/sessions/RecordingStore.ts"
import { until } from "../../e2e/support/until.ts"
import { framesOf, masterKey, masterKeyOf, readAll } from "../../support/recordings.ts"
import { type IngestHub, type IngestHubOptions, ingestHub } from "../ingest/support/IngestHub.ts"
import { callAs, type TestNode } from "../ingest/support/TestCall.ts"
import { sessionsOf, type TestSession } from "../ingest/support/TestSession.ts"
import { joined } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"

const bring = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, one: TestSession) {
  const call = yield* callAs(hub.port, node)
  call.send(one.header, ...one.frames, one.end)
  expect((yield* call.over).code).toBe(status.OK)
}, Effect.scoped)

/** What the hub shows of a recording. */
const shown = (hub: IngestHub, { info }: TestSession) =>
  hub.run(
    Effect.gen(function* () {
      const bytes = yield* Stream.runCollect((yield* RecordingStore).read(info.sessionId, { sealed: false }))
      const { items } = readAll(Buffer.concat([...bytes]))
      return framesOf(items)
        .map(({ payload }) => Buffer.from(payload).toString())
        .join("")
    }),
  )

describe("stored recordings", () => {
  it.scopedLive(
    "made before there was a key, with it, and with one before it, are shown by a hub that has the keys",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const run = <A, E, R>(options: IngestHubOptions, use: (hub: IngestHub) => Effect.Effect<A, E, R>) =>
          Effect.scoped(Effect.flatMap(ingestHub(folder, options), use))
        const { node, session, clear } = yield* run({}, (hub) =>
          Effect.gen(function* () {
            const node = yield* hub.run(joined("web-1"))
            const session = yield* hub.run(sessionsOf("alice"))
            const clear = session()
            yield* bring(hub, node, clear)
            return { node, session, clear }
          }),
        )
        const [older, newer] = [session(), session()]
        yield* run({ key: masterKeyOf(1) }, (hub) => bring(hub, node, older))
        yield* run({ key: masterKey, oldKeys: [masterKeyOf(1)] }, (hub) =>
          Effect.gen(function* () {
            yield* bring(hub, node, newer)
            for (const one of [clear, older, newer]) expect(yield* shown(hub, one)).toBe(one.shown)
          }),
        )
        yield* run({}, (hub) =>
          Effect.gen(function* () {
            expect(yield* shown(hub, clear)).toBe(clear.shown)
            for (const one of [older, newer]) {
              expect(yield* Effect.flip(shown(hub, one))).toMatchObject({
                _tag: "Unavailable",
                message: "the hub cannot read this recording; its log tells why",
              })
            }
          }),
        )
      }),
  )

  it.scopedLive("are followed while they grow, whichever connection brings more, to their end", () =>
    Effect.gen(function* () {
      const hub = yield* ingestHub(yield* temporaryFolder, { key: masterKey })
      const node = yield* hub.run(joined("web-1"))
      const one = (yield* hub.run(sessionsOf("alice")))()
      const sending = Effect.fnUntraced(function* (from: number, to: number) {
        const call = yield* callAs(hub.port, node)
        call.send(one.header, ...one.frames.slice(from, to))
        yield* call.until(({ acked }) => acked === to)
        return call
      })
      yield* Effect.scoped(sending(0, 2))
      const pieces: Array<Uint8Array> = []
      const seen = () => readAll(Buffer.concat(pieces))
      const follower = yield* Effect.forkScoped(
        hub.run(
          Effect.flatMap(RecordingStore, ({ follow }) =>
            Stream.runForEach(follow(one.info.sessionId), (piece) => Effect.sync(() => void pieces.push(piece))),
          ),
        ),
      )
      yield* Effect.promise(() => until("the first frames", () => framesOf(seen().items).length === 2))
      const call = yield* sending(2, 4)
      yield* Effect.promise(() => until("more frames", () => framesOf(seen().items).length === 4))
      call.send(...one.frames.slice(4), one.end)
      yield* Fiber.join(follower)
      const { items, error } = seen()
      expect(error).toBeUndefined()
      expect(items.map(({ _tag }) => _tag)).toEqual(["Header", ...one.frames.map(() => "Frame"), "End"])
      expect(Buffer.concat(framesOf(items).map(({ payload }) => payload)).toString()).toBe(one.shown)
    }),
  )
})
