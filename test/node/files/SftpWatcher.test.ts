import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { FileOperation } from "../../../src/node/files/FileOperation.ts"
import { SftpWatcher } from "../../../src/node/files/protocol/SftpWatcher.ts"
import { TransferGarbled } from "../../../src/node/files/TransferGarbled.ts"
import { sshString, sshUint32, sshUint64 } from "../../../src/ssh/SshWire.ts"

const packet = (type: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const content = Buffer.concat([Buffer.from([type]), ...parts])
  return Buffer.concat([sshUint32(content.length), content])
}

const number = sshUint32
const request = {
  init: packet(1, number(3)),
  open: (id: number, path: string | Buffer, flags: number) =>
    packet(3, number(id), sshString(path), number(flags), number(0)),
  close: (id: number, handle: string) => packet(4, number(id), sshString(handle)),
  read: (id: number, handle: string) => packet(5, number(id), sshString(handle), sshUint64(0n), number(32_768)),
  write: (id: number, handle: string, data: Buffer) =>
    packet(6, number(id), sshString(handle), sshUint64(0n), sshString(data)),
  setOpen: (id: number, handle: string, ...attributes: ReadonlyArray<Buffer>) =>
    packet(10, number(id), sshString(handle), ...attributes),
  setstat: (id: number, path: string, ...attributes: ReadonlyArray<Buffer>) =>
    packet(9, number(id), sshString(path), ...attributes),
  rename: (id: number, from: string, to: string) => packet(18, number(id), sshString(from), sshString(to)),
  symlink: (id: number, target: string, link: string) => packet(20, number(id), sshString(target), sshString(link)),
  extended: (id: number, name: string, ...parts: ReadonlyArray<Buffer>) =>
    packet(200, number(id), sshString(name), ...parts),
}
const answer = {
  version: packet(2, number(3)),
  status: (id: number, code: number) => packet(101, number(id), number(code), sshString("x"), sshString("")),
  handle: (id: number, handle: string) => packet(102, number(id), sshString(handle)),
  data: (id: number, length: number) => packet(103, number(id), sshString(Buffer.alloc(length, 7))),
}

const watch = () => {
  const told: Array<FileOperation> = []
  const watcher = new SftpWatcher((operation) => void told.push(operation))
  return { told, watcher, texts: () => told.map((one) => ({ ...one, path: one.path.toString() })) }
}

describe("what sftp does", () => {
  it("is told with the file of each handle, once the server has answered", () => {
    const { watcher, texts } = watch()
    const client = [
      request.init,
      request.open(1, "/up", 0x1a),
      request.open(2, "/down", 0x01),
      request.write(3, "a", Buffer.alloc(100_000, 1)),
      request.write(4, "a", Buffer.alloc(5, 1)),
      request.read(5, "b"),
      request.read(6, "b"),
      request.setOpen(7, "a", number(0x4), number(0o100600)),
      request.setOpen(8, "b", number(0)),
      request.extended(9, "copy-data", sshString("b"), sshUint64(0n), sshUint64(0n), sshString("a"), sshUint64(0n)),
      request.close(10, "a"),
      request.close(11, "b"),
    ]
    const server = [
      answer.version,
      answer.handle(1, "a"),
      answer.handle(2, "b"),
      answer.status(3, 0),
      answer.status(4, 0),
      answer.data(5, 70_000),
      answer.status(6, 1),
      answer.status(7, 0),
      answer.status(8, 0),
      answer.status(9, 0),
      answer.status(10, 0),
      answer.status(11, 0),
    ]
    for (const bytes of client) expect(watcher.fromClient(bytes)).toBe(bytes.length)
    expect(texts()).toEqual([])
    for (const bytes of server) watcher.fromServer(bytes)
    expect(texts()).toMatchObject([
      { action: "setstat", path: "/down", result: "ok" },
      { action: "copy", path: "/down", to: Buffer.from("/up"), result: "ok" },
      { action: "upload", path: "/up", bytes: 100_005, attributes: { mode: "0600" }, result: "ok" },
      { action: "download", path: "/down", bytes: 70_000, result: "ok" },
    ])
  })

  it("is told where it fails, where it has two paths, and where a file stays open", () => {
    const { watcher, texts } = watch()
    watcher.fromClient(request.open(1, "/etc/shadow", 1))
    watcher.fromClient(request.rename(2, "/a", "/b"))
    watcher.fromClient(request.symlink(3, "/target", "/link"))
    watcher.fromClient(request.extended(4, "posix-rename@openssh.com", sshString("/c"), sshString("/d")))
    watcher.fromClient(request.extended(5, "statvfs@openssh.com", sshString("/")))
    watcher.fromClient(request.open(6, Buffer.from([0x2f, 0xff]), 2))
    for (const bytes of [answer.status(1, 3), answer.status(2, 0), answer.status(3, 4), answer.status(4, 2)]) {
      watcher.fromServer(bytes)
    }
    watcher.fromServer(packet(201, number(5), Buffer.alloc(88)))
    watcher.fromServer(answer.handle(6, "a"))
    watcher.end()
    expect(texts()).toMatchObject([
      { action: "download", path: "/etc/shadow", bytes: 0, result: "permission denied" },
      { action: "rename", path: "/a", to: Buffer.from("/b"), result: "ok" },
      { action: "symlink", path: "/link", to: Buffer.from("/target"), result: "failed" },
      { action: "rename", path: "/c", to: Buffer.from("/d"), result: "no such file" },
      { action: "upload", bytes: 0, result: "not closed" },
    ])
  })

  it("is an upload where a file is only created, or cut off, however it was opened", () => {
    const { watcher, texts } = watch()
    const flags = { read: 0x01, create: 0x08, truncate: 0x10 }
    watcher.fromClient(request.open(1, "/emptied", flags.read | flags.truncate))
    watcher.fromClient(request.open(2, "/made", flags.read | flags.create))
    watcher.fromClient(request.read(3, "a"))
    for (const [id, handle] of [
      [4, "a"],
      [5, "b"],
    ] as const) {
      watcher.fromClient(request.close(id, handle))
    }
    const opened = [answer.handle(1, "a"), answer.handle(2, "b"), answer.data(3, 7)]
    for (const bytes of [...opened, answer.status(4, 0), answer.status(5, 0)]) watcher.fromServer(bytes)
    expect(texts()).toMatchObject([
      { action: "upload", path: "/emptied", bytes: 0 },
      { action: "download", path: "/emptied", bytes: 7 },
      { action: "upload", path: "/made", bytes: 0 },
    ])
  })

  it("has not gone well where a file could not be read or written, though it could be closed", () => {
    const { watcher, texts } = watch()
    watcher.fromClient(request.open(1, "/full", 2))
    watcher.fromClient(request.open(2, "/bad", 1))
    watcher.fromClient(request.write(3, "a", Buffer.alloc(10)))
    watcher.fromClient(request.write(4, "a", Buffer.alloc(10)))
    watcher.fromClient(request.read(5, "b"))
    watcher.fromClient(request.read(6, "b"))
    watcher.fromClient(request.close(7, "a"))
    watcher.fromClient(request.close(8, "b"))
    const opened = [answer.handle(1, "a"), answer.handle(2, "b")]
    const codes = [0, 4, 3, 1, 0, 0].map((code, at) => answer.status(3 + at, code))
    for (const bytes of [...opened, ...codes]) watcher.fromServer(bytes)
    expect(texts()).toEqual([
      { action: "upload", path: "/full", bytes: 10, result: "failed" },
      { action: "download", path: "/bad", bytes: 0, result: "permission denied" },
    ])
  })

  it("says what was set of a file", () => {
    const { watcher, texts } = watch()
    watcher.fromClient(request.setstat(1, "/cut", number(0x1), sshUint64(5n)))
    watcher.fromClient(request.setstat(2, "/given", number(0x2), number(0), number(42)))
    watcher.fromClient(request.setstat(3, "/all", number(0xc), number(0o104755), number(1), number(86_400)))
    watcher.fromClient(
      request.extended(4, "lsetstat@openssh.com", sshString("/link"), number(0x8), number(0), number(0)),
    )
    watcher.fromClient(request.open(5, "/kept", 2))
    watcher.fromClient(request.setOpen(6, "a", number(0x2), number(0), number(0)))
    for (const id of [1, 2, 3, 4]) watcher.fromServer(answer.status(id, 0))
    watcher.fromServer(answer.handle(5, "a"))
    watcher.fromServer(answer.status(6, 3))
    expect(texts()).toMatchObject([
      { action: "setstat", path: "/cut", attributes: { size: 5 }, result: "ok" },
      { action: "setstat", path: "/given", attributes: { owner: "0:42" }, result: "ok" },
      {
        action: "setstat",
        path: "/all",
        attributes: { mode: "4755", modified_at: "1970-01-02T00:00:00.000Z" },
        result: "ok",
      },
      { action: "setstat", path: "/link", attributes: { modified_at: "1970-01-01T00:00:00.000Z" }, result: "ok" },
      { action: "setstat", path: "/kept", attributes: { owner: "0:0" }, result: "permission denied" },
    ])
  })

  it("is the same in whatever pieces it comes", () => {
    const client = Buffer.concat([
      request.init,
      request.open(1, "/x", 2),
      request.write(2, "h", Buffer.alloc(70_000)),
      request.close(3, "h"),
    ])
    const server = Buffer.concat([answer.version, answer.handle(1, "h"), answer.status(2, 0), answer.status(3, 0)])
    for (const size of [1, 2, 3, 7, 100, 4096]) {
      const { watcher, texts } = watch()
      for (let at = 0; at < client.length; at += size) watcher.fromClient(client.subarray(at, at + size))
      for (let at = 0; at < server.length; at += size) watcher.fromServer(server.subarray(at, at + size))
      expect(texts()).toEqual([{ action: "upload", path: "/x", bytes: 70_000, result: "ok" }])
    }
  })

  it("holds a client that asks without end until the server has answered", () => {
    const { watcher } = watch()
    const one = request.extended(1, "limits@openssh.com")
    let taken = 0
    while (watcher.fromClient(one) === one.length) taken += 1
    expect(taken).toBe(16_384)
    watcher.fromServer(packet(201, number(1), Buffer.alloc(32)))
    expect(watcher.fromClient(one)).toBe(one.length)
  })

  it("keeps a MiB at most of requests with long paths that are not answered yet", () => {
    const { watcher } = watch()
    const one = packet(13, number(1), sshString("x".repeat(4096)))
    let taken = 0
    while (watcher.fromClient(one) === one.length) taken += 1
    expect(taken).toBe(Math.ceil(1024 ** 2 / (one.length - 5)))
    watcher.fromServer(answer.status(1, 2))
    expect(watcher.fromClient(one)).toBe(one.length)
  })

  it.each([
    [
      "a path that no file has",
      (watcher: SftpWatcher) => void watcher.fromClient(packet(13, number(1), sshString("x".repeat(60_000)))),
      true,
    ],
    [
      "a packet that is too long",
      (watcher: SftpWatcher) => void watcher.fromClient(sshUint32(0x7fffffff).subarray(0, 4)),
      false,
    ],
    ["a length of none", (watcher: SftpWatcher) => void watcher.fromClient(Buffer.from([0, 0, 0, 0, 1])), true],
    ["a request of another version", (watcher: SftpWatcher) => void watcher.fromClient(packet(21, number(1))), true],
    [
      "a path beyond its packet",
      (watcher: SftpWatcher) => void watcher.fromClient(packet(13, number(1), number(99))),
      true,
    ],
    ["a request without its number", (watcher: SftpWatcher) => void watcher.fromClient(packet(13)), true],
    ["a shell's output", (watcher: SftpWatcher) => watcher.fromServer(Buffer.from("Welcome to web-1!\n")), true],
    ["an answer that nobody asked for", (watcher: SftpWatcher) => watcher.fromServer(answer.status(1, 0)), true],
  ])("is not %s", (_, act, atOnce) => {
    const { watcher } = watch()
    const all = () => {
      act(watcher)
      if (!atOnce) watcher.fromClient(Buffer.alloc(1))
    }
    expect(all).toThrow(TransferGarbled)
  })

  it("survives whatever comes from either side", () => {
    const known = [
      request.init,
      request.open(1, "/x", 2),
      request.read(2, "h"),
      answer.version,
      answer.handle(1, "h"),
      answer.status(2, 0),
    ]
    const piece = FastCheck.oneof(FastCheck.uint8Array({ maxLength: 40 }), FastCheck.constantFrom(...known))
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.tuple(FastCheck.boolean(), piece), { maxLength: 30 }), (pieces) => {
        const { watcher } = watch()
        try {
          for (const [isClient, bytes] of pieces) {
            if (isClient) watcher.fromClient(bytes)
            else watcher.fromServer(bytes)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(TransferGarbled)
        }
        watcher.end()
      }),
      { numRuns: 500 },
    )
  })
})
