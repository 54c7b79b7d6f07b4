import { expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Queue, Scope, Stream, TestClock } from "effect"
import type { AuditEventDraft } from "../../../src/domain/AuditEvent.ts"
import type { WindowSize } from "../../../src/domain/WindowSize.ts"
import { AuditReports } from "../../../src/node/audit/AuditReports.ts"
import { auditedResizes } from "../../../src/node/session/auditedResizes.ts"
import { sessionInfo } from "../../auth/support/Fixtures.ts"

const info = sessionInfo()

const size = (cols: number): WindowSize => ({ cols, rows: 24, widthPx: 0, heightPx: 0 })

/** A session whose window is resized by hand, what its program and what the audit log is told. */
const watched = Effect.gen(function* () {
  const told: Array<AuditEventDraft> = []
  const done: Array<number> = []
  const reports = AuditReports.of({
    report: () => Effect.die("only told"),
    tell: (event) => Effect.sync(() => void told.push(event)),
    will: () => Effect.succeed({ change: () => Effect.void }),
    isCrowded: Effect.succeed(false),
    wake: Effect.void,
  })
  const sizes = yield* Queue.unbounded<WindowSize>()
  const session = yield* Scope.make()
  const resizes = yield* Scope.extend(auditedResizes(reports, info, Stream.fromQueue(sizes)), session)
  const program = yield* Effect.fork(Stream.runForEach(resizes, ({ cols }) => Effect.sync(() => void done.push(cols))))
  const resize = (cols: number) =>
    Effect.zipRight(Queue.offer(sizes, size(cols)), Effect.repeatN(Effect.yieldNow(), 20))
  const end = Effect.zipRight(Fiber.interrupt(program), Scope.close(session, Exit.void))
  return { told, done, resize, end, details: () => told.map(({ detail }) => detail) }
})

it.scoped("tells of the size that a window was dragged to, and of who it is", () =>
  Effect.gen(function* () {
    const { told, done, resize, details } = yield* watched
    for (const cols of [81, 82, 90]) yield* resize(cols)
    expect(done).toEqual([81, 82, 90])
    expect(told).toEqual([])
    yield* TestClock.adjust("1 second")
    expect(details()).toEqual([{ cols: 90, rows: 24 }])
    const { user, sessionId, login, remoteAddress } = info
    const about = { user, session_id: sessionId, login, remote_address: remoteAddress }
    expect(told[0]).toMatchObject({ type: "session.resize", ...about })
  }),
)

it.scoped("tells of the last one where the session ends meanwhile", () =>
  Effect.gen(function* () {
    const { resize, end, details } = yield* watched
    yield* resize(100)
    yield* end
    expect(details()).toEqual([{ cols: 100, rows: 24 }])
  }),
)

it.scoped("tells of endless resizing how much there was", () =>
  Effect.gen(function* () {
    const { resize, end, details } = yield* watched
    for (let cols = 1; cols <= 130; cols += 1) {
      yield* resize(cols)
      yield* TestClock.adjust("1 second")
    }
    yield* end
    expect(details().slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => ({ cols: index + 1, rows: 24 })))
    expect(details().slice(100)).toEqual([{ resizes: 30 }])
  }),
)
