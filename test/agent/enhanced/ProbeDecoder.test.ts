import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import { ArgumentParts } from "../../../src/agent/enhanced/internal/ArgumentParts.ts"
import { RawRecord } from "../../../src/agent/enhanced/internal/RawRecord.ts"
import { ProbeDecoder } from "../../../src/agent/enhanced/ProbeDecoder.ts"
import { ProbeFault } from "../../../src/agent/enhanced/ProbeFault.ts"
import type { ProbeRecord } from "../../../src/agent/enhanced/ProbeRecord.ts"
import { pieces } from "../../support/recordings.ts"
import { argumentsRecord, connectRecord, execRecord, names, probeRecord } from "./support/probeRecords.ts"

const decode = (...parts: ReadonlyArray<Uint8Array>): ReadonlyArray<ProbeRecord> => {
  const decoder = new ProbeDecoder()
  return parts.flatMap((part) => decoder.push(Buffer.from(part)))
}

const numbers = (...values: ReadonlyArray<bigint>): Buffer => Buffer.from(BigUint64Array.from(values).buffer)

const stream = Buffer.concat([
  probeRecord({ kind: 1, detail: [1, 0, 0] }),
  probeRecord({ kind: 2, session: 3 }),
  argumentsRecord(Buffer.from("ls\0-l\0")),
  execRecord("/usr/bin/ls", 6),
  probeRecord({ kind: 10, detail: [0x8000, 0, 0], data: names("/etc/passwd") }),
  probeRecord({
    kind: 11,
    result: 2,
    detail: [0, 9, 0],
    data: Buffer.concat([Buffer.from("../gone\0\0"), names("/srv/a")]),
  }),
  connectRecord(443),
  probeRecord({ kind: 8, result: 3 << 8 }),
  probeRecord({ kind: 5, data: numbers(1n, 200_000n, 3n, 4n) }),
  probeRecord({ kind: 4 }),
])

describe("ProbeDecoder", () => {
  it("reads commands with their arguments, files, connections, ends and losses", () => {
    const [ready, tracked, command, opened, , connection, ended, lost, over] = decode(stream)
    expect([ready, tracked, over?._tag]).toEqual([
      { _tag: "Ready", version: 1 },
      { _tag: "Tracked", session: 3, error: 0 },
      "Ended",
    ])
    expect(command).toMatchObject({
      _tag: "Command",
      event: { timeUs: 5_000, argumentsBytes: 6, directory: Buffer.from("/") },
    })
    if (command?._tag !== "Command" || command.event._tag !== "Started") throw new Error("no command")
    expect([`${command.event.program}`, `${command.event.arguments}`]).toEqual(["/usr/bin/ls", "ls\0-l\0"])
    expect(opened).toMatchObject({ event: { path: Buffer.from("/etc/passwd"), flags: 0x8000, error: 0, name: "sh" } })
    expect(connection).toMatchObject({ event: { _tag: "Asked", port: 443, number: 77, error: null } })
    expect(ended).toMatchObject({ event: { _tag: "Ended", exit: { _tag: "Code", code: 3 } } })
    expect(lost).toMatchObject({ losses: { commands: 1, files: 200_000, connections: 3, processes: 4 } })
  })

  it("tells a file that could not be opened from the directory that was asked from", () => {
    const asked = (file: string, directory: string) => {
      const [record] = decode(
        probeRecord({
          kind: 11,
          result: 13,
          detail: [0, file.length + 1, 0],
          data: Buffer.concat([Buffer.from(`${file}\0`), names(directory)]),
        }),
      )
      return record?._tag === "File" ? `${record.event.path}` : undefined
    }
    expect(asked("shadow", "/etc")).toBe("/etc/shadow")
    expect(asked("shadow", "/")).toBe("/shadow")
    expect(asked("/etc/shadow", "/")).toBe("/etc/shadow")
  })

  it("keeps bytes that are no UTF-8", () => {
    const raw = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x00])
    const path = Buffer.concat([Buffer.from([0xe9, 0x00]), Buffer.from("tmp\0")])
    const [command, file] = decode(argumentsRecord(raw), execRecord("/x", 5), probeRecord({ kind: 10, data: path }))
    expect(command).toMatchObject({ event: { arguments: raw } })
    expect(file).toMatchObject({ event: { path: Buffer.from("/tmp/\xe9", "latin1") } })
  })

  it("gives the arguments up to a part that was lost, and none of another command's", () => {
    const part = Buffer.alloc(16_384, "a")
    const [first, second] = decode(
      argumentsRecord(part),
      argumentsRecord(part, 32_768),
      execRecord("/bin/a", 49_152),
      execRecord("/bin/b", 3),
    )
    expect(first).toMatchObject({ event: { arguments: part, argumentsBytes: 49_152 } })
    expect(second).toMatchObject({ event: { arguments: Buffer.alloc(0), argumentsBytes: 3 } })
  })

  it("gives a command no arguments of one before it that was lost, and puts none together from both", () => {
    const part = Buffer.alloc(16_384, "a")
    const later = 9_000_000n
    const [command, longer] = decode(
      argumentsRecord(part),
      execRecord("/bin/b", 3, 100, later),
      argumentsRecord(part),
      argumentsRecord(Buffer.alloc(16_384, "b"), 16_384, 100, later),
      execRecord("/bin/c", 32_768, 100, later),
    )
    expect(command).toMatchObject({ event: { arguments: Buffer.alloc(0), argumentsBytes: 3 } })
    expect(longer).toMatchObject({ event: { arguments: Buffer.alloc(0), argumentsBytes: 32_768 } })
  })

  it("holds no more than so much of commands that are never told", () => {
    const parts = new ArgumentParts()
    const part = Buffer.alloc(16_384)
    for (let pid = 1; pid <= 60; pid++) {
      for (let at = 0; at < 100 * part.length; at += part.length) {
        const bytes = argumentsRecord(part, at, pid)
        parts.add(new RawRecord(bytes, 0, bytes.length))
      }
      expect(parts.bytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    }
    const last = execRecord("/bin/last", 100 * part.length, 60)
    expect(parts.take(new RawRecord(last, 0, last.length))).toHaveLength(100 * part.length)
  })

  it("reads the same however the bytes are cut", () => {
    const whole = decode(stream)
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.nat(stream.length)), (cuts) => {
        expect(decode(...pieces(stream, cuts))).toEqual(whole)
      }),
      { numRuns: 200 },
    )
  })

  it("refuses what is not the probe's, and nothing else happens, whatever the bytes", () => {
    const changes = FastCheck.array(FastCheck.tuple(FastCheck.nat(stream.length - 1), FastCheck.nat(255)), {
      minLength: 1,
    })
    const mutated = changes.map((all) => {
      const bytes = Buffer.from(stream)
      for (const [at, value] of all) bytes[at] = value
      return bytes as Uint8Array
    })
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(mutated, FastCheck.uint8Array({ maxLength: 300 })),
        FastCheck.array(FastCheck.nat(stream.length)),
        (bytes, cuts) => {
          try {
            decode(...pieces(bytes, cuts))
          } catch (error) {
            expect(error).toBeInstanceOf(ProbeFault)
          }
        },
      ),
      { numRuns: 2_000 },
    )
    expect(() => decode(Buffer.alloc(72, 0xff))).toThrow(ProbeFault)
    expect(() => decode(probeRecord({ kind: 99 }))).toThrow(ProbeFault)
  })

  it("holds no more arguments than one command may have", () => {
    const decoder = new ProbeDecoder()
    const part = Buffer.alloc(16_384)
    const parts = Array.from({ length: 200 }, (_, index) => argumentsRecord(part, index * part.length))
    expect(() => parts.map((bytes) => decoder.push(bytes))).toThrow(ProbeFault)
  })
})
