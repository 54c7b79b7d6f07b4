import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { FileOperation } from "../../../src/node/files/FileOperation.ts"
import { ScpWatcher } from "../../../src/node/files/protocol/ScpWatcher.ts"
import { TransferGarbled } from "../../../src/node/files/TransferGarbled.ts"

const watch = (direction: "upload" | "download") => {
  const told: Array<FileOperation> = []
  const watcher = new ScpWatcher(direction, "/srv", (operation) => void told.push(operation))
  const client = (text: string) => watcher.fromClient(Buffer.from(text))
  const server = (text: string) => watcher.fromServer(Buffer.from(text))
  return { told, watcher, client, server }
}

describe("what scp -O does", () => {
  it("uploads: files, directories and failures, with the client held to wait for answers", () => {
    const { told, client, server } = watch("upload")
    const whole = "C0644 5 a.txt\n"
    expect(client(whole)).toBe(0)
    server("\0")
    expect(client(`${whole}hello\0`)).toBe(whole.length)
    server("\0")
    expect(client("hello\0C0644")).toBe(6)
    expect(told).toEqual([])
    server("\0")
    expect(told).toEqual([{ action: "upload", path: "/srv", name: "a.txt", bytes: 5, result: "ok" }])
    expect(client("T1 0 1 0\n")).toBe(9)
    server("\0")
    expect(client("D0755 0 sub\n")).toBe(12)
    server("\0")
    expect(client("C0600 3 b b\n")).toBe(12)
    server("\x01scp: b b: Permission denied\n")
    expect(client("C0600 0 empty\n")).toBe(14)
    server("\0")
    expect(client("\0")).toBe(1)
    server("\0")
    expect(client("E\n")).toBe(2)
    server("\0")
    expect(told.slice(1)).toEqual([
      { action: "upload", path: "/srv", name: "sub/b b", bytes: 0, result: "scp: b b: Permission denied" },
      { action: "upload", path: "/srv", name: "sub/empty", bytes: 0, result: "ok" },
    ])
  })

  it("downloads: content that looks like lines is content, and a problem in the middle is told", () => {
    const { told, watcher, client, server } = watch("download")
    client("\0")
    server("\x01scp: /x: No such file\n")
    server("C0644 16 trap\n")
    client("\0")
    server("C0644 9 evil\n\0\0\0")
    server("\x01read error\n")
    client("\0")
    server("C0644 1")
    server("0 cut\n")
    client("\0")
    server("12345")
    watcher.end()
    expect(told).toEqual([
      { action: "download", path: "/srv", bytes: 0, result: "scp: /x: No such file" },
      { action: "download", path: "/srv", name: "trap", bytes: 16, result: "read error" },
      { action: "download", path: "/srv", name: "cut", bytes: 5, result: "cut off" },
    ])
  })

  it.each([
    ["a line that is none", ["C0644 x y\n"]],
    ["a shell's output", ["Welcome to web-1!\n"]],
    ["a line without an end", ["C".repeat(10_000)]],
    ["a size that is too long", [`C0644 ${"9".repeat(40)} x\n`]],
    ["a file that does not end", ["C0644 1 x\n", "yC0644 1 z\n"]],
  ])("is not %s", (_, pieces) => {
    const { client, server } = watch("upload")
    server("\0")
    expect(() => {
      for (const piece of pieces) {
        client(piece)
        server("\0")
      }
    }).toThrow(TransferGarbled)
  })

  it("survives whatever comes, in whatever pieces, and never counts more than passed", () => {
    const piece = FastCheck.oneof(
      FastCheck.string({ maxLength: 20 }),
      FastCheck.constantFrom("\0", "C0644 5 a\n", "hello", "E\n", "D0755 0 d\n", "\x01no\n", "\x02", "T1 0 1 0\n"),
    )
    const pieces = FastCheck.array(FastCheck.tuple(FastCheck.boolean(), piece), { maxLength: 40 })
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom("upload" as const, "download" as const), pieces, (direction, all) => {
        const { told, watcher, client, server } = watch(direction)
        let passed = 0
        try {
          for (const [isClient, text] of all) {
            passed += Buffer.byteLength(text)
            if (isClient) client(text)
            else server(text)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(TransferGarbled)
        }
        watcher.end()
        expect(told.reduce((sum, { bytes = 0 }) => sum + bytes, 0)).toBeLessThanOrEqual(passed)
      }),
      { numRuns: 500 },
    )
  })
})
