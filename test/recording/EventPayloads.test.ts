import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import type { CommandEvent, CommandStarted } from "../../src/domain/CommandEvent.ts"
import {
  CommandJoiner,
  decodeCommands,
  decodeConnections,
  decodeFiles,
  encodeCommands,
  encodeConnections,
  encodeFiles,
  RecordingError,
} from "../../src/recording/index.ts"
import { EventLimits } from "../../src/recording/Limits.ts"
import { commandEvents, connectionEvents, fileEvents } from "../support/events.ts"

/** Bytes as plain arrays, so that they compare by value. */
const plain = (events: ReadonlyArray<object>) =>
  events.map((event) =>
    Object.fromEntries(
      Object.entries(event).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]),
    ),
  )

const joined = (payloads: ReadonlyArray<Uint8Array>): ReadonlyArray<CommandEvent> => {
  const joiner = new CommandJoiner()
  const whole = payloads.flatMap(decodeCommands).flatMap((part) => joiner.add(part))
  return [...whole, ...joiner.end()]
}

const command = (argument: number, pid = 7): CommandStarted => ({
  _tag: "Started",
  timeUs: 5,
  pid,
  parentPid: 1,
  uid: 0,
  effectiveUid: 0,
  program: Buffer.from("/bin/echo"),
  file: Buffer.from("/bin/echo"),
  directory: Buffer.from("/"),
  arguments: Buffer.alloc(argument, "x"),
  argumentsBytes: argument,
  cut: false,
})

describe("payloads of events", () => {
  it("give back what was put in, in payloads that fit into a session's smallest window", () => {
    FastCheck.assert(
      FastCheck.property(fileEvents, connectionEvents, (files, connections) => {
        const [filePayloads, connectionPayloads] = [encodeFiles(files), encodeConnections(connections)]
        expect(plain(filePayloads.flatMap(decodeFiles))).toEqual(plain(files))
        expect(plain(connectionPayloads.flatMap(decodeConnections))).toEqual(plain(connections))
        for (const payload of [...filePayloads, ...connectionPayloads]) {
          expect(payload.length).toBeLessThanOrEqual(EventLimits.payload)
        }
      }),
      { numRuns: 200 },
    )
  })

  it("keep commands with arguments of any length whole, raw bytes and all", () => {
    FastCheck.assert(
      FastCheck.property(commandEvents, (events) => {
        const payloads = encodeCommands(events)
        expect(plain(joined(payloads))).toEqual(plain(events))
        for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(EventLimits.payload)
      }),
      { numRuns: 200 },
    )
  })

  it("split a command with the longest paths and an argument of 100 KB into frames that fit", () => {
    const path = Buffer.alloc(20_000, "/p")
    const long = { ...command(100_000), program: path, directory: path, file: Buffer.alloc(4_095, "f") }
    const payloads = encodeCommands([long])
    expect(payloads.length).toBeGreaterThan(3)
    for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(EventLimits.payload)
    const [read] = joined(payloads) as [CommandStarted]
    expect(read.arguments).toHaveLength(100_000)
    expect(read.cut).toBe(true)
    expect(Buffer.from(read.program)).toEqual(path.subarray(path.length - EventLimits.path))
  })

  it("give a command out whose arguments stay incomplete, before what its process does next", () => {
    const lacking = { ...command(10), argumentsBytes: 50_000 }
    const end: CommandEvent = { _tag: "Ended", timeUs: 9, pid: 7, exit: { _tag: "Code", code: 0 } }
    const other = command(3, 8)
    expect(joined(encodeCommands([lacking, other, end])).map(({ pid, _tag }) => `${_tag} ${pid}`)).toEqual([
      "Started 8",
      "Started 7",
      "Ended 7",
    ])
  })

  it("hold no more than a few commands whose arguments never come", () => {
    const joiner = new CommandJoiner()
    const lacking = Array.from({ length: 500 }, (_, pid) => ({ ...command(10, pid), argumentsBytes: 50_000 }))
    expect(lacking.flatMap((part) => joiner.add(part))).toHaveLength(500 - 64)
    expect(joiner.end()).toHaveLength(64)
  })

  it("fail with their own error and nothing else, whatever the bytes", () => {
    const samples = [
      ...encodeFiles(FastCheck.sample(fileEvents, { numRuns: 20, seed: 1 }).flat()),
      ...encodeConnections(FastCheck.sample(connectionEvents, { numRuns: 20, seed: 1 }).flat()),
      ...encodeCommands(FastCheck.sample(commandEvents, { numRuns: 20, seed: 1 }).flat()),
    ]
    const hostile = FastCheck.oneof(
      FastCheck.uint8Array({ maxLength: 200 }),
      FastCheck.tuple(
        FastCheck.nat(samples.length - 1),
        FastCheck.array(FastCheck.tuple(FastCheck.nat(), FastCheck.nat(255))),
      ).map(([index, changes]) => {
        const bytes = Uint8Array.from(samples[index] ?? [])
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
        return bytes
      }),
    )
    FastCheck.assert(
      FastCheck.property(hostile, (bytes) => {
        for (const decode of [decodeFiles, decodeConnections, (payload: Uint8Array) => joined([payload])]) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(RecordingError)
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
