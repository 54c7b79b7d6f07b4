import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { privateDirectory } from "../../src/session/privateDirectory.ts"

const scratch = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "mezite-directory-"))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true })),
)

describe("privateDirectory", () => {
  it.scopedLive("makes what is missing, for its owner alone", () =>
    Effect.gen(function* () {
      const path = join(yield* scratch, "a", "b")
      yield* privateDirectory(path)
      yield* privateDirectory(path)
      expect(fs.statSync(path).mode & 0o777).toBe(0o700)
      expect(fs.statSync(join(path, "..")).mode & 0o777).toBe(0o700)
    }),
  )

  it.scopedLive("says what is in the way, and never hangs", () =>
    Effect.gen(function* () {
      const path = join(yield* scratch, "file")
      fs.writeFileSync(path, "")
      expect((yield* Effect.flip(privateDirectory(path))).code).toBe("EEXIST")
      expect((yield* Effect.flip(privateDirectory(join(path, "below")))).code).toBe("ENOTDIR")
      expect((yield* Effect.flip(privateDirectory("/proc/mezite/below"))).message).toContain("/proc/mezite/below")
    }),
  )
})
