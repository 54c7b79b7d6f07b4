import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { writePrivateFile } from "../../src/session/writePrivateFile.ts"

const scratch = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "mezite-private-"))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true })),
)

describe("writePrivateFile", () => {
  it.scopedLive("replaces a file as a whole, for its owner alone, and leaves nothing else", () =>
    Effect.gen(function* () {
      const path = join(yield* scratch, "new", "file")
      yield* writePrivateFile(path, "first")
      const before = fs.openSync(path, "r")
      yield* writePrivateFile(path, "second")
      expect(fs.readFileSync(before, "utf8")).toBe("first")
      fs.closeSync(before)
      expect(fs.readFileSync(path, "utf8")).toBe("second")
      expect(fs.statSync(path).mode & 0o777).toBe(0o600)
      expect(fs.readdirSync(join(path, ".."))).toEqual(["file"])
    }),
  )

  it.scopedLive(
    "leaves of several at once the one that came last, and lets others go on while it waits for the disk",
    () =>
      Effect.gen(function* () {
        const path = join(yield* scratch, "file")
        let turns = 0
        const others = yield* Effect.fork(
          Effect.forever(
            Effect.async<void>((resume) => {
              turns += 1
              setImmediate(() => resume(Effect.void))
            }),
          ),
        )
        for (let round = 0; round < 10; round += 1) {
          const contents = ["a".repeat(1_000_000), "b", "c".repeat(100_000), `last of ${round}`]
          yield* Effect.forEach(contents, (content) => writePrivateFile(path, content), {
            concurrency: "unbounded",
            discard: true,
          })
          expect(fs.readFileSync(path, "utf8")).toBe(`last of ${round}`)
        }
        yield* Fiber.interrupt(others)
        expect(turns).toBeGreaterThan(40)
      }),
  )

  it.scopedLive("says why it can't, and leaves no draft", () =>
    Effect.gen(function* () {
      const directory = yield* scratch
      fs.mkdirSync(join(directory, "taken"))
      const failed = yield* Effect.flip(writePrivateFile(join(directory, "taken"), "x"))
      expect(failed.code).toBe("EISDIR")
      expect(fs.readdirSync(directory)).toEqual(["taken"])
    }),
  )
})
