import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

let temporary = ""
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "qs-"))
})
afterEach(() => rmSync(temporary, { recursive: true, force: true }))

const start = (env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [resolve("dist/bin/quickstart.js")], {
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const seen = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    seen.stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    seen.stderr += text
  })
  return { child, seen, ended: once(child, "close") }
}

/** Processes whose environment names the directory: all that a quick start starts. */
const leftRunning = (): ReadonlyArray<string> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(temporary)
      } catch {
        // It has ended meanwhile, or is somebody else's.
        return false
      }
    })

describe("the quick start, without a terminal", () => {
  it("records, replays and verifies a session, and leaves nothing but its directory", async () => {
    const { seen, ended } = start({ MEZITE_HUB: "somebody.example:1", NO_COLOR: "1" })
    const [code] = await ended
    expect(seen.stderr).toMatch(/^Playing session [0-9a-f]{8}\.\.\. \(user: alice, host: this-machine\)\n$/)
    expect(code).toBe(0)
    expect(seen.stdout).toMatch(/Hello from \S+\r\n/)
    expect(seen.stdout).toContain("3 ...\r\n2 ...\r\n1 ...\r\n")
    expect(seen.stdout).toMatch(/OK: session \S+ \(user: alice, host: this-machine\) is whole/)
    expect(leftRunning()).toEqual([])

    const [directory = "", ...others] = readdirSync(temporary)
    expect(others).toEqual([])
    expect(statSync(join(temporary, directory)).mode & 0o777).toBe(0o700)
    const commands = seen.stdout.split("\n").filter((line) => /^ {2}(MEZITE_IDENTITY=\S+ )?node dist\//.test(line))
    expect(commands).toHaveLength(3)
    for (const command of commands) {
      const pasted = spawnSync("/bin/sh", ["-c", command], { encoding: "utf8" })
      expect(pasted.status, pasted.stderr).toBe(0)
      expect(pasted.stdout).not.toBe("")
    }
  })

  it("ends all that it started when it is told to stop", async () => {
    const { child, seen, ended } = start()
    while (!seen.stdout.includes("User")) await once(child.stdout, "data")
    child.kill("SIGTERM")
    const [code] = await ended
    expect(code).toBe(143)
    expect(seen.stderr).toContain("to remove it: rm -r")
    expect(leftRunning()).toEqual([])
  })
})
