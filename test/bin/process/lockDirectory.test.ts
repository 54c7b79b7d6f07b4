import "../../support/builtNative.ts"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { useDataDirectory } from "../../../src/bin/process/useDataDirectory.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"

describe("a directory of data", () => {
  it.scopedLive("has one user at a time, and tells the second who the first is", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryFolder, "data")
      const use = useDataDirectory(directory, "mezhub")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* use
          expect((yield* Effect.flip(use)).message).toBe(
            `another mezhub uses ${directory} (pid ${process.pid}): stop it, or give this one a directory of its own by MEZITE_DATA_DIR`,
          )
          expect(statSync(join(directory, "lock")).mode & 0o777).toBe(0o600)
        }),
      )
      yield* use
    }),
  )

  it.scopedLive("is another process's until that is killed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const script = `
        const fd = fs.openSync(${JSON.stringify(join(directory, "lock"))}, "w+", 0o600)
        if (!require("./dist/native/pty.node").lock(fd)) process.exit(1)
        fs.writeSync(fd, "4711\\n")
        console.log("locked")
        setInterval(() => {}, 1000)`
      const other = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
      yield* Effect.addFinalizer(() => Effect.sync(() => other.kill("SIGKILL")))
      yield* Effect.promise(() => once(other.stdout, "data"))
      expect((yield* Effect.flip(useDataDirectory(directory, "mezd"))).message).toMatch(/^another mezd uses .*pid 4711/)
      other.kill("SIGKILL")
      yield* Effect.promise(() => once(other, "exit"))
      yield* useDataDirectory(directory, "mezd")
    }),
  )
})
