import { describe, expect, it } from "vitest"
import { RunningCommands } from "../../../../src/agent/enhanced/audit/RunningCommands.ts"
import { SessionDigest } from "../../../../src/agent/enhanced/audit/SessionDigest.ts"
import type { ProbeRecord } from "../../../../src/agent/enhanced/ProbeRecord.ts"
import type { CommandEvent, CommandStarted } from "../../../../src/domain/CommandEvent.ts"
import type { FileEvent } from "../../../../src/domain/FileEvent.ts"

const started: CommandStarted = {
  _tag: "Started",
  timeUs: 5,
  pid: 7,
  parentPid: 1,
  uid: 0,
  effectiveUid: 0,
  program: Buffer.from("/usr/bin/true"),
  file: Buffer.from("true"),
  directory: Buffer.from("/"),
  arguments: Buffer.from("true\0"),
  argumentsBytes: 5,
  cut: false,
}

const opened: FileEvent = {
  timeUs: 6,
  pid: 7,
  name: "true",
  path: Buffer.from("/etc/shadow"),
  flags: 0,
  error: 0,
  cut: false,
  unseen: false,
}

const command = (event: CommandEvent): ProbeRecord => ({ _tag: "Command", session: 1, event })
const file = (event: FileEvent): ProbeRecord => ({ _tag: "File", session: 1, event })

/** All that is told of these, summaries too. */
const toldOf = (...records: ReadonlyArray<ProbeRecord>) => {
  const digest = new SessionDigest(() => "2026-01-01T00:00:00.000Z", 0)
  return [...records.flatMap((record) => digest.hear(record, 0)), ...digest.due(0, true)].map(({ detail }) => detail)
}

/** auth/sessions/NodeReports.ts: a batch with an event that has more is refused as a whole. */
const mostChars = 16_384

describe("what the audit log is told of a session", () => {
  it.each([
    ["control characters", "\u0001"],
    ["quotes", '"'],
    ["no UTF-8", "\xff"],
    ["letters of three bytes", "\u20ac"],
  ])("has room in an event, however long paths and arguments are: %s", (_, character) => {
    const encoding = character === "\xff" ? "latin1" : "utf8"
    const name = Buffer.from(character.repeat(Math.floor(250 / Buffer.byteLength(character, encoding))), encoding)
    const path = Buffer.concat(Array.from({ length: 40 }, () => Buffer.concat([Buffer.from("/"), name])))
    const list = Buffer.from(character.repeat(100_000), encoding)
    const long = {
      ...started,
      program: path,
      directory: path,
      file: path,
      arguments: list,
      argumentsBytes: list.length,
    }
    const refused: CommandEvent = { _tag: "Refused", timeUs: 5, pid: 8, file: path, directory: path, error: 13 }
    const told = toldOf(command(long), command(refused), file({ ...opened, path }))
    expect(told).toHaveLength(3)
    // What is added when it is sent: when it happened, and that the session was over by then.
    for (const detail of told) expect(JSON.stringify(detail).length).toBeLessThan(mostChars - 100)
    const cut = told.filter((detail) => detail.cut === true)
    expect(cut.map(({ program, path }) => [typeof program, typeof path])).toEqual(
      encoding === "utf8" ? Array(2).fill(["string", "string"]) : Array(2).fill(["object", "object"]),
    )
  })

  it("counts programs that were looked for and not there, so that they take no room from others", () => {
    const missing: CommandEvent = {
      _tag: "Refused",
      timeUs: 5,
      pid: 7,
      file: started.file,
      directory: started.directory,
      error: 2,
    }
    const searches = Array.from({ length: 1_000 }, () => command(missing))
    expect(toldOf(...searches, command({ ...missing, error: 13 }))).toMatchObject([
      { status: "refused", result: "EACCES" },
      { summary: true, unlisted: 0, not_found: 1_000 },
    ])
  })
})

describe("RunningCommands", () => {
  it("keep of arguments what can be told, and forget the oldest of too many", () => {
    const list = Buffer.alloc(2 * 1024 * 1024, "x")
    const running = new RunningCommands()
    const forgotten = Array.from({ length: 2_000 }, (_, pid) => running.add({ ...started, pid, arguments: list }, 0))
    expect(forgotten.flat().map(({ started: { pid } }) => pid)).toEqual(
      Array.from({ length: 2_000 - running.all.length }, (_, pid) => pid),
    )
    const buffers = new Set(running.all.map(({ started }) => started.arguments.buffer))
    const held = [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)
    expect(held).toBeLessThan(8 * 1024 * 1024)
    expect(held).toBeGreaterThan(1024 * 1024)
    expect(running.get(1_999)?.started.pid).toBe(1_999)
  })
})
