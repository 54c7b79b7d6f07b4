import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { AppendFile } from "../../src/session/AppendFile.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "mezite-append-"))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true })),
)
const bytes = (text: string) => new TextEncoder().encode(text)

describe("AppendFile", () => {
  it.scopedLive("writes everything in order and says what is durable", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      const file = yield* AppendFile.make({ path, position: 0, syncEvery: 0 })
      const seen: Array<number> = []
      file.durable.listen((at) => seen.push(at))
      for (let index = 0; index < 2000; index++) file.append(bytes(String(index).padStart(9, "0").concat("\n")))
      yield* file.flush
      expect(file.durable.value).toBe(20_000)
      expect(seen.at(-1)).toBe(20_000)
      expect(seen).toEqual([...seen].sort((a, b) => a - b))
      expect(fs.readFileSync(path, "utf8").split("\n").slice(0, 3)).toEqual(["000000000", "000000001", "000000002"])
      expect(fs.statSync(path).size).toBe(20_000)
      expect(fs.statSync(path).mode & 0o777).toBe(0o600)
    }),
  )

  it.scopedLive("makes bytes durable by itself after a while", () =>
    Effect.gen(function* () {
      const file = yield* AppendFile.make({ path: join(yield* directory, "a"), position: 0, syncEvery: 20 })
      file.append(bytes("x"))
      expect(yield* file.durable.reaches(1)).toBe(1)
    }),
  )

  it.scopedLive("flushes at once also what was appended while it was writing", () =>
    Effect.gen(function* () {
      const file = yield* AppendFile.make({ path: join(yield* directory, "a"), position: 0, syncEvery: 60_000 })
      for (let round = 0; round < 20; round++) {
        // So much that it is written without waiting for more.
        file.append(new Uint8Array(200_000))
        file.append(bytes("x"))
        yield* Effect.timeout(file.flush, "5 seconds")
        expect(file.durable.value).toBe(file.end)
      }
    }),
  )

  it.scopedLive("waits while a lot is to be written, and goes on where it was cut", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const file = yield* AppendFile.make({ path, position: 0, syncEvery: 0 })
          for (let index = 0; index < 64; index++) {
            file.append(new Uint8Array(100_000).fill(index))
            yield* file.ready
          }
          yield* file.flush
        }),
      )
      const file = yield* AppendFile.make({ path, position: 5, syncEvery: 0 })
      file.append(bytes("rest"))
      yield* file.flush
      expect(fs.readFileSync(path)).toEqual(Buffer.from([0, 0, 0, 0, 0, ...bytes("rest")]))
    }),
  )

  it.scopedLive("refuses to write over a file, or after its end", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      fs.writeFileSync(path, "old")
      const refused = yield* Effect.exit(AppendFile.make({ path, position: 0, syncEvery: 0 }))
      expect(Exit.isFailure(refused)).toBe(true)
      const file = yield* Effect.scoped(AppendFile.make({ path, position: 3, syncEvery: 0 }))
      file.append(bytes("x"))
      expect((yield* Effect.flip(file.flush)).message).toContain("closed")
      expect(fs.readFileSync(path, "utf8")).toBe("old")
    }),
  )

  it.scopedLive("keeps what was appended in the very call, for whoever asks for it", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      const file = yield* AppendFile.make({ path, position: 0, syncEvery: "1 hour", writes: "inCall" })
      file.append(bytes("one "))
      file.append(bytes("two"))
      expect([file.keep(), fs.readFileSync(path, "utf8")]).toEqual([true, "one two"])
      for (let index = 0; index < 3; index++) file.append(new Uint8Array(100_000))
      expect(fs.statSync(path).size).toBeGreaterThan(200_000)
      yield* file.flush
      expect(fs.statSync(path).size).toBe(300_007)
    }),
  )

  it.scopedLive("keeps nothing on a disk that is full, and fails once what was kept is durable", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      const file = yield* AppendFile.make({ path, position: 0, syncEvery: "1 hour", writes: "inCall" })
      file.append(bytes("kept"))
      expect(file.keep()).toBe(true)
      yield* fullDisk
      file.append(bytes("lost"))
      expect(file.keep()).toBe(false)
      expect((yield* Effect.flip(file.durable.failure)).code).toBe("ENOSPC")
      expect([file.durable.value, fs.readFileSync(path, "utf8")]).toEqual([4, "kept"])
    }),
  )
})

const fullDisk = Effect.acquireRelease(
  Effect.sync(() => {
    const { writevSync } = fs
    fs.writevSync = () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })
    }
    syncBuiltinESMExports()
    return writevSync
  }),
  (writevSync) =>
    Effect.sync(() => {
      fs.writevSync = writevSync
      syncBuiltinESMExports()
    }),
)
