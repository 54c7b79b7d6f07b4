import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Ref, TestClock } from "effect"
import { EndReason } from "../../src/session/EndReason.ts"
import { RecordingLost } from "../../src/session/RecordingSink.ts"
import { TerminalError } from "../../src/session/TerminalError.ts"
import { fakeSession, settled, until } from "./support/FakeSession.ts"

const lost = new RecordingLost({ message: "the hub cannot be reached" })
const failureOf = (exit: Exit.Exit<unknown, { readonly message: string }>) =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

describe("Session.run, as things should be", () => {
  it.effect("shows, records and ends with the program", () =>
    Effect.gen(function* () {
      const { terminal, client, local, remote, run, acksAll } = yield* fakeSession()
      const fiber = yield* Effect.fork(run)
      terminal.prints("$ ")
      yield* until(() => client.seen.length === 1)
      client.types("exit\r")
      yield* until(() => remote.frames.length === 2)
      expect(terminal.done).toEqual([])
      acksAll()
      yield* until(() => terminal.done.length === 1)
      terminal.prints("oops", "stderr")
      yield* TestClock.adjust("3 seconds")
      terminal.ends(7)
      const end = yield* Fiber.join(fiber)
      expect(end).toMatchObject({ status: "completed", reason: "", frames: 3, outputBytes: 6, inputBytes: 5 })
      expect(end).toMatchObject({ exit: { _tag: "Code", code: 7 }, durationMs: 3000 })
      expect(client.seen).toEqual(["$ ", "!oops"])
      expect(local.texts()).toEqual(["$ ", "Input exit\r", "Stderr oops"])
      expect(remote.frames).toEqual(local.frames)
      expect([local.ends, remote.ends]).toEqual([[end], [end]])
      expect(terminal.state.closed).toBe(true)
    }),
  )

  it.effect("waits in the mode node for nobody, and in the mode off records nothing", () =>
    Effect.gen(function* () {
      for (const mode of ["node", "off"] as const) {
        const { terminal, client, local, run } = yield* fakeSession({ mode })
        const fiber = yield* Effect.fork(run)
        client.types("make\r")
        client.resizes(132)
        client.signals("INT")
        yield* until(() => terminal.done.length === 3)
        terminal.prints("x".repeat(200_000))
        terminal.ends(0)
        const end = yield* Fiber.join(fiber)
        expect(client.seen.join("").length).toBe(200_000)
        expect(local.frames.length > 0).toBe(mode === "node")
        expect(end.frames).toBe(local.frames.length)
        expect(local.ends.length).toBe(1)
      }
    }),
  )

  it.effect("shows the last output before it ends, though the window held it up", () =>
    Effect.gen(function* () {
      const { terminal, client, remote, run, acksAll } = yield* fakeSession()
      const fiber = yield* Effect.fork(run)
      const burst = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(10_000))
      for (const piece of burst) terminal.prints(piece)
      terminal.ends(0)
      for (let round = 0; fiber.unsafePoll() === null && round < 100; round++) {
        yield* settled
        const held = remote.frames.reduce((sum, { frame }) => sum + frame.size, 0)
        expect(held).toBeLessThanOrEqual(65_536 * (round + 1))
        acksAll()
      }
      expect((yield* Fiber.join(fiber)).outputBytes).toBe(400_000)
      expect(client.seen.join("")).toBe(burst.join(""))
    }),
  )

  it.effect("makes the program wait for a slow client and for a slow disk, holding one piece", () =>
    Effect.gen(function* () {
      const { terminal, client, disk, run } = yield* fakeSession({ mode: "node" })
      const fiber = yield* Effect.fork(run)
      yield* client.reads.close
      for (let index = 0; index < 50; index++) terminal.prints(`line ${index}\n`)
      yield* settled
      expect(terminal.state.pulled).toBe(1)
      yield* disk.close
      yield* client.reads.open
      yield* settled
      expect([terminal.state.pulled, client.seen.length]).toEqual([1, 1])
      yield* disk.open
      terminal.ends(0)
      yield* Fiber.join(fiber)
      expect(client.seen.length).toBe(50)
    }),
  )

  it.effect("keeps typing in order behind a program that does not read, which can still be stopped", () =>
    Effect.gen(function* () {
      const { terminal, client, acksAll, run } = yield* fakeSession()
      const fiber = yield* Effect.fork(run)
      yield* terminal.reads.close
      const typed = Array.from({ length: 30 }, (_, index) => `${index}\r`)
      for (const [index, text] of typed.entries()) {
        client.types(text)
        if (index === 10) client.resizes(90)
      }
      client.signals("INT")
      client.endsInput()
      for (let round = 0; round < 10; round++) {
        yield* settled
        acksAll()
      }
      yield* until(() => terminal.done.length === 2)
      expect(terminal.done.toSorted()).toEqual(["resize 90", "signal INT"])
      yield* terminal.reads.open
      yield* until(() => terminal.done.includes("end"))
      expect(terminal.done.slice(2)).toEqual([...typed.map((text) => `type ${text}`), "end"])
      yield* Fiber.interrupt(fiber)
    }),
  )

  it.effect("lets a client wait whose program does not read", () =>
    Effect.gen(function* () {
      const { terminal, client, local, run } = yield* fakeSession({ mode: "node" })
      const fiber = yield* Effect.fork(run)
      yield* terminal.reads.close
      for (let index = 0; index < 100; index++) client.types("z".repeat(10_000))
      yield* settled
      const taken = local.frames.reduce((sum, { frame }) => sum + frame.size, 0)
      expect(taken).toBeLessThanOrEqual(64 * 1024 + 10_000)
      yield* terminal.reads.open
      yield* until(() => terminal.done.length === 100)
      yield* Fiber.interrupt(fiber)
    }),
  )

  it.effect("lets a client wait whose resizes and signals are not done yet, and does all of them in order", () =>
    Effect.gen(function* () {
      const { terminal, client, local, run } = yield* fakeSession({ mode: "node" })
      const fiber = yield* Effect.fork(run)
      yield* terminal.obeys.close
      for (let index = 0; index < 300; index++) {
        client.resizes(index)
        client.signals(`S${index}`)
      }
      yield* settled
      expect(local.frames.length).toBeLessThanOrEqual(64 + 1)
      client.types("still heard")
      yield* until(() => terminal.done.includes("type still heard"))
      yield* terminal.obeys.open
      yield* until(() => terminal.done.length === 601)
      for (const kind of ["resize ", "signal S"]) {
        const seen = terminal.done.flatMap((one) => (one.startsWith(kind) ? [Number(one.slice(kind.length))] : []))
        expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index))
      }
      yield* Fiber.interrupt(fiber)
    }),
  )

  it.effect(
    "hurries its recording to the hub when something waits for that, and not for what is merely typed or shown",
    () =>
      Effect.gen(function* () {
        const { terminal, client, remote, hurried, acksAll, run } = yield* fakeSession()
        const fiber = yield* Effect.fork(run)
        client.types("l")
        yield* until(() => terminal.done.length === 1)
        terminal.prints("l")
        yield* until(() => remote.frames.length === 2)
        expect(hurried).toEqual([])
        client.types("s\r")
        yield* until(() => remote.frames.length === 3)
        expect(hurried).toEqual([3])
        acksAll()
        yield* until(() => terminal.done.length === 2)
        terminal.prints("x".repeat(128 * 1024))
        yield* until(() => remote.frames.length > 3)
        expect(hurried).toEqual([3, remote.frames.length])
        yield* Fiber.interrupt(fiber)
      }),
  )

  it.effect("ends a program's input only once all that was typed is durable", () =>
    Effect.gen(function* () {
      const { terminal, client, remote, acksAll, run } = yield* fakeSession()
      const fiber = yield* Effect.fork(run)
      client.types("rm -rf /tmp/x")
      client.endsInput()
      yield* until(() => terminal.done.length === 1)
      yield* settled
      expect([terminal.done, remote.frames.length]).toEqual([["type rm -rf /tmp/x"], 1])
      acksAll()
      yield* until(() => terminal.done.includes("end"))
      yield* Fiber.interrupt(fiber)
    }),
  )

  it.effect("types what is printable before it is recorded where only that tells whether it is shown", () =>
    Effect.gen(function* () {
      const { terminal, client, local, run, acksAll } = yield* fakeSession({ tries: true })
      yield* Effect.fork(run)
      client.types("sudo -s\r")
      yield* until(() => local.frames.length === 2)
      terminal.state.echoes = false
      // What follows waits until the Enter before it has been done.
      client.types("s3c")
      yield* settled
      expect(terminal.done).toEqual(["try sudo -s"])
      acksAll()
      yield* until(() => local.frames.length === 3)
      client.types("ret\r")
      yield* until(() => local.frames.length === 5)
      acksAll()
      // The shell is back, and the first of these is an Enter's control character with typing behind it.
      yield* until(() => terminal.done.length === 5)
      terminal.state.echoes = true
      client.types("\rid\r")
      client.types("\x1b[A\x7f")
      yield* until(() => local.frames.length === 6)
      acksAll()
      yield* until(() => local.frames.length === 9)
      acksAll()
      yield* until(() => terminal.done.length === 9)
      expect(terminal.done).toEqual([
        ...["try sudo -s", "type \r", "try s3c", "try ret", "type \r"],
        ...["type \r", "try id", "type \r", "type \x1b[A\x7f"],
      ])
      expect(local.texts()).toEqual([
        ...["Input sudo -s", "Input \r", "Input masked 3", "Input masked 3", "Input masked 1"],
        ...["Input \r", "Input id", "Input \r", "Input \x1b[A\x7f"],
      ])
    }),
  )

  it.effect("masks what is typed while the terminal does not echo, unless secrets are to be recorded", () =>
    Effect.gen(function* () {
      for (const recordSecrets of [false, true]) {
        const { terminal, client, local, run } = yield* fakeSession({ mode: "node", recordSecrets })
        const fiber = yield* Effect.fork(run)
        client.types("sudo id\r")
        yield* until(() => terminal.done.length === 1)
        terminal.state.echoes = false
        client.types("s3cret\r")
        yield* until(() => terminal.done.length === 2)
        terminal.state.echoes = true
        client.types("ls\r")
        yield* until(() => terminal.done.length === 3)
        const hidden = recordSecrets ? "Input s3cret\r" : "Input masked 7"
        expect(local.texts()).toEqual(["Input sudo id\r", hidden, "Input ls\r"])
        if (!recordSecrets) expect(Buffer.concat(local.frames.map(({ entry }) => entry)).includes("s3c")).toBe(false)
        terminal.ends(0)
        expect((yield* Fiber.join(fiber)).inputBytes).toBe(18)
      }
    }),
  )
})

describe("Session.run, when something breaks", () => {
  it.effect("ends at once with the stream to the hub, at whatever moment, and keeps all that was shown", () =>
    Effect.gen(function* () {
      for (let moment = 0; moment < 12; moment++) {
        const { terminal, client, local, remote, run, acksAll, streamBreaks } = yield* fakeSession()
        const fiber = yield* Effect.fork(run)
        const moves = [
          () => terminal.prints("$ "),
          () => client.types("seq 1"),
          () => client.types("\r"),
          () => acksAll(),
          () => terminal.prints("x".repeat(100_000)),
          () => client.resizes(100),
          () => client.types("unheard\r"),
          () => acksAll(),
          () => terminal.prints("last"),
          () => client.signals("INT"),
          () => client.endsInput(),
          () => terminal.ends(0),
        ]
        for (const move of moves.slice(0, moment)) {
          move()
          yield* settled
        }
        streamBreaks(lost)
        const exit = yield* Fiber.await(fiber)
        expect(failureOf(exit)?.message).toBe(lost.message)
        expect(terminal.state.closed).toBe(true)
        expect(local.ends).toMatchObject([{ status: "interrupted", reason: lost.message, frames: local.frames.length }])
        const recorded = local.texts().filter((text) => !/^(Input|Resize|Signal)/.test(text))
        const sizes = local.frames.filter(({ frame }) => frame.kind === 1).map(({ frame }) => frame.size)
        expect(sizes.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(client.seen.join("").length)
        expect(recorded.length).toBe(sizes.length)
        expect(remote.frames).toEqual(local.frames)
        expect(terminal.done.join()).not.toContain(moment < 8 ? "unheard" : "never")
      }
    }),
  )

  it.effect("shows and does nothing that the disk does not take", () =>
    Effect.gen(function* () {
      for (const mode of ["node", "node-sync"] as const) {
        const { terminal, client, local, state, run, acksAll } = yield* fakeSession({ mode })
        const fiber = yield* Effect.fork(run)
        state.keeps = false
        terminal.prints("unseen")
        client.types("undone\r")
        client.signals("INT")
        yield* until(() => local.frames.length === 3)
        acksAll()
        yield* settled
        expect([client.seen, terminal.done]).toEqual([[], []])
        local.fails(new RecordingLost({ message: "the disk is full" }))
        expect(failureOf(yield* Fiber.await(fiber))).toMatchObject({ message: "the disk is full" })
        expect([client.seen, terminal.done]).toEqual([[], []])
      }
    }),
  )

  it.effect("ends when the disk fails, and still tells the hub how", () =>
    Effect.gen(function* () {
      const { terminal, local, remote, run } = yield* fakeSession()
      const fiber = yield* Effect.fork(run)
      terminal.prints("$ ")
      yield* until(() => local.frames.length === 1)
      local.fails(new RecordingLost({ message: "the disk is full" }))
      expect(failureOf(yield* Fiber.await(fiber))).toMatchObject({ message: "the disk is full" })
      expect(terminal.state.closed).toBe(true)
      expect(remote.ends).toMatchObject([{ status: "interrupted", reason: "the disk is full", frames: 1 }])
    }),
  )

  it.effect("is no success where the hub does not confirm the end", () =>
    Effect.gen(function* () {
      const { terminal, local, remote, run } = yield* fakeSession()
      const fiber = yield* Effect.fork(run)
      yield* remote.finished.close
      terminal.ends(0)
      yield* until(() => remote.ends.length === 1)
      remote.fails(lost)
      expect(failureOf(yield* Fiber.await(fiber))?.message).toBe(lost.message)
      expect(local.ends).toMatchObject([{ status: "completed" }])
    }),
  )

  it.effect("ends a client's session when it leaves or takes nothing more", () =>
    Effect.gen(function* () {
      for (const how of ["leaves", "refuses"] as const) {
        const { terminal, client, local, run } = yield* fakeSession()
        const fiber = yield* Effect.fork(run)
        terminal.prints("$ ")
        yield* until(() => client.seen.length === 1)
        client.state.gone = true
        if (how === "leaves") client.leaves()
        else terminal.prints("anybody?")
        const end = yield* Fiber.join(fiber)
        expect(end).toMatchObject({ status: "interrupted", reason: "the client disconnected" })
        expect(end.exit).toBeUndefined()
        expect([terminal.state.closed, local.ends.length]).toEqual([true, 1])
      }
    }),
  )

  it.effect("tells of a program that does not start, or whose end nobody knows", () =>
    Effect.gen(function* () {
      const error = new TerminalError({ message: "there is no shell" })
      for (const start of [Effect.fail(error), undefined]) {
        const { terminal, local, remote, run } = yield* fakeSession(start === undefined ? {} : { start })
        const fiber = yield* Effect.fork(run)
        terminal.isLost(error)
        expect(failureOf(yield* Fiber.await(fiber))?.message).toBe(error.message)
        expect(local.ends).toMatchObject([{ status: "interrupted", reason: "there is no shell" }])
        expect(remote.ends).toEqual(local.ends)
      }
    }),
  )

  it.effect("tells both sinks the end, and why, when it is interrupted, and is over only then", () =>
    Effect.gen(function* () {
      const { terminal, local, remote, run } = yield* fakeSession()
      const fiber = yield* Effect.fork(Effect.provideService(run, EndReason, Ref.unsafeMake(Option.some("enough"))))
      terminal.prints("$ ")
      yield* until(() => local.frames.length === 1)
      yield* remote.finished.close
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* until(() => remote.ends.length === 1)
      yield* settled
      expect(interrupting.unsafePoll()).toBeNull()
      expect(terminal.state.closed).toBe(true)
      yield* remote.finished.open
      expect(Exit.isInterrupted(yield* Fiber.join(interrupting))).toBe(true)
      for (const sink of [local, remote]) {
        expect(sink.ends).toMatchObject([{ status: "interrupted", reason: "enough", frames: 1 }])
      }
    }),
  )
})
