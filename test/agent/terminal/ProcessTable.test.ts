import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { ProcessTable } from "../../../src/agent/terminal/internal/ProcessTable.ts"

/** A program that runs until the test is over, and its id. */
const started = (environment: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn("/bin/sh", ["-c", "echo; sleep 100 & wait"], { detached: true, env: environment })
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => kill(child)),
  )

const kill = ({ pid = 0, exitCode, signalCode }: ChildProcess) => {
  if (exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL")
}

it.scopedLive("looks once for all who ask at the same time, and anew for who asks while it looks", () =>
  Effect.gen(function* () {
    const { look } = new ProcessTable("MARK")
    const [first, ...same] = yield* Effect.all(
      Array.from({ length: 30 }, () => look),
      { concurrency: "unbounded" },
    )
    expect(new Set([first, ...same]).size).toBe(1)
    const looking = yield* Effect.fork(look)
    yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
    const { pid } = yield* started({ MARK: "late" })
    expect((yield* look).all.some((one) => one.pid === pid)).toBe(true)
    yield* looking.await
  }),
)

it.scopedLive("finds those with a mark and what they have started, until they have ended", () =>
  Effect.gen(function* () {
    const { look } = new ProcessTable("MARK")
    const [child, other] = [yield* started({ MARK: "a", UNMARK: "b" }), yield* started({ MARK: "b" })]
    const { all, marked } = yield* look
    const inGroup = all.filter(({ group }) => group === child.pid)
    expect(inGroup.length).toBe(2)
    expect(marked("MARK=a")).toEqual(inGroup)
    expect(marked("MARK=b").every(({ group }) => group === other.pid)).toBe(true)
    expect([...marked("UNMARK=b"), ...marked("MARK="), ...marked("MARK=none")]).toEqual([])
    const ended = once(child, "exit")
    kill(child)
    yield* Effect.promise(() => ended)
    expect((yield* look).marked("MARK=a")).toEqual([])
    expect((yield* look).marked("MARK=b")).toHaveLength(2)
  }),
)
