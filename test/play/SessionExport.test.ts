import { it } from "@effect/vitest"
import { FastCheck } from "effect"
import { describe, expect } from "vitest"
import { FrameKind } from "../../src/domain/Frame.ts"
import { PlainText } from "../../src/play/PlainText.ts"
import { type ExportFormat, sessionExport } from "../../src/play/SessionExport.ts"
import { encodeResize } from "../../src/recording/FramePayload.ts"
import { encodeCommands, encodeConnections, encodeFiles } from "../../src/recording/index.ts"
import { framesArbitrary, outputFrame, sessionEnd, sessionInfo, text } from "../support/recordings.ts"

const end = {
  ...sessionEnd,
  frames: 0,
  outputBytes: 0,
  inputBytes: 0,
  framesDigest: new Uint8Array(0),
  seekPoints: [],
  keyframes: [],
}

const torn = Buffer.from("aéz")
const frames = [
  outputFrame(1, torn.subarray(0, 2), 100),
  { ...outputFrame(2, text("k"), 150), kind: FrameKind.Input },
  outputFrame(3, torn.subarray(2), 250),
  { ...outputFrame(4, encodeResize({ cols: 100, rows: 30 }), 300), kind: FrameKind.Resize },
  { ...outputFrame(5, new Uint8Array(0), 400), kind: FrameKind.Input, masked: true, size: 8 },
]

const exported = (format: ExportFormat): string => {
  const target = sessionExport(format)
  const pieces = [target.header(sessionInfo), ...frames.map((frame) => target.frame(frame)), target.end(end)]
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString("utf8")
}

const lines = (format: ExportFormat): ReadonlyArray<unknown> =>
  exported(format)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

describe("asciicast", () => {
  it("v2: absolute times, characters put together, masked input left out", () => {
    const [header, ...events] = lines("cast2")
    expect(header).toMatchObject({ version: 2, width: 80, height: 24, timestamp: 1_760_000_000 })
    expect(events).toEqual([
      [0.1, "o", "a"],
      [0.15, "i", "k"],
      [0.25, "o", "éz"],
      [0.3, "r", "100x30"],
    ])
  })

  it("v3: intervals, and the exit code", () => {
    const [header, ...events] = lines("cast3")
    expect(header).toMatchObject({ version: 3, term: { cols: 80, rows: 24, type: "xterm-256color" } })
    expect(events).toEqual([
      [0.1, "o", "a"],
      [0.05, "i", "k"],
      [0.1, "o", "éz"],
      [0.05, "r", "100x30"],
      [0, "x", "0"],
    ])
  })
})

describe("raw, json", () => {
  it("raw is what was shown", () => {
    expect(exported("raw")).toBe("aéz")
  })

  it("json is one object", () => {
    const parsed = JSON.parse(exported("json"))
    expect(parsed.frames).toHaveLength(5)
    expect(parsed.frames[4]).toEqual({ seq: 5, time_ms: 400, kind: "input", size: 8, masked: true })
    expect(parsed.end).toMatchObject({ exit_code: 0, status: "completed" })
  })

  it.prop("json of any frames parses", [framesArbitrary], ([list]) => {
    const target = sessionExport("json")
    const bytes: ReadonlyArray<number> = [FrameKind.Output, FrameKind.Input, FrameKind.Stderr, FrameKind.Marker]
    const readable = list.filter((frame) => bytes.includes(frame.kind))
    const pieces = [target.header(sessionInfo), ...readable.map((frame) => target.frame(frame)), target.end(undefined)]
    expect(JSON.parse(pieces.join("")).frames).toHaveLength(readable.length)
  })
})

describe("json of enhanced recording", () => {
  const seen = { timeUs: 1_500, pid: 7 }
  const frame = (kind: FrameKind, payload: Uint8Array, seq: number) => ({
    seq,
    timeMs: 2,
    kind,
    payload,
    masked: false,
    size: payload.length,
  })

  it("has commands with whole arguments, files and connections, raw bytes as base64", () => {
    const argument = "x".repeat(100_000)
    const list = Buffer.concat([Buffer.from(`cat\0${argument}\0`), Buffer.from([0xff, 0])])
    const commands = encodeCommands([
      {
        _tag: "Started",
        ...seen,
        parentPid: 1,
        uid: 0,
        effectiveUid: 0,
        program: Buffer.from("/bin/cat"),
        file: Buffer.from("/bin/cat"),
        directory: Buffer.from("/"),
        arguments: list,
        argumentsBytes: list.length,
        cut: false,
      },
      { _tag: "Ended", ...seen, exit: { _tag: "Signal", signal: "KILL" } },
    ])
    const opened = {
      ...seen,
      name: "cat",
      path: Buffer.from("/x"),
      flags: 0o1101,
      error: 13,
      cut: false,
      unseen: false,
    }
    const address = Buffer.from("20010db8000000000000000000000001", "hex")
    const to = { ...seen, name: "cat", number: 1, family: 10, type: 1, protocol: 6, address, port: 443 }
    const frames = [
      ...commands.map((payload) => [FrameKind.Exec, payload] as const),
      ...encodeFiles([opened]).map((payload) => [FrameKind.File, payload] as const),
      ...encodeConnections([{ _tag: "Asked", way: "connect", error: null, ...to }]).map(
        (payload) => [FrameKind.Network, payload] as const,
      ),
    ]
    const target = sessionExport("json")
    const pieces = frames.map(([kind, payload], index) => target.frame(frame(kind, payload, index + 1)))
    const parsed = JSON.parse([target.header(sessionInfo), ...pieces, target.end(undefined)].join(""))
    const events = parsed.frames.flatMap((one: { events: ReadonlyArray<object> }) => one.events)
    expect(events).toMatchObject([
      { event: "started", time_ms: 1.5, program: "/bin/cat", argv: ["cat", argument, { base64: "/w==" }] },
      { event: "ended", exit_code: null, exit_signal: "KILL" },
      { event: "opened", path: "/x", flags: "O_WRONLY|O_CREAT|O_TRUNC", result: "EACCES" },
      { event: "asked", protocol: "tcp", address: "2001:db8::1", port: 443, result: "pending" },
    ])
  })
})

const plain = (...chunks: ReadonlyArray<string>): string => {
  const target = new PlainText()
  return chunks.map((chunk) => target.write(Buffer.from(chunk))).join("") + target.end()
}

describe("PlainText", () => {
  it.each([
    ["colours and titles", "\x1b[1;31mred\x1b[0m\x1b]0;t\x07!\r\n", "red!\n"],
    ["backspaces", "lx\b \bs\r\n", "ls\n"],
    ["carriage returns", "10%\r99%\r\n", "99%\n"],
    ["erasing to the end of line", "abc\x1b[2D\x1b[K!\r\n", "a!\n"],
    ["deleting and inserting", "abcd\x1b[3D\x1b[P\x1b[@X\r\n", "aXcd\n"],
    ["moving about the screen", "one\x1b[5;1Htwo", "one\ntwo\n"],
  ])("carries out %s", (_, input, output) => {
    expect(plain(input)).toBe(output)
  })

  it.prop(
    "holds no escape, whatever it is given and however it is cut",
    [FastCheck.string({ unit: "binary" }), FastCheck.nat()],
    ([input, at]) => {
      const cut = at % (input.length + 1)
      const whole = plain(input)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(whole).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/)
      const target = new PlainText()
      const bytes = Buffer.from(input)
      const place = Math.min(cut, bytes.length)
      expect(target.write(bytes.subarray(0, place)) + target.write(bytes.subarray(place)) + target.end()).toBe(whole)
    },
  )
})
