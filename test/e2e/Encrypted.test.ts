import { copyFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Either } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Session } from "../../src/api/ClusterRpcs.ts"
import { KeyRing, MasterKey } from "../../src/recording/index.ts"
import { Cluster } from "./support/Cluster.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { mshSsh } from "./support/ways.ts"

const key = "8f".repeat(32)
const secret = "the quick brown secret"

describe("a hub with an encryption key", () => {
  let cluster: Cluster
  let session: Session
  let file: string
  beforeAll(async () => {
    cluster = await Cluster.start({ hub: { MEZITE_RECORDING_ENC_KEY: key } })
    const words = await mshSsh.words(cluster, "web-1", { command: "cat; cat /proc/self/environ >&2" })
    await runToEnd(words, cluster.userVariables, `${secret}\n`)
    session = await cluster.lastSession()
    // What somebody has in hand who took the hub's disk.
    file = join(cluster.directory, "taken.rec")
    copyFileSync(cluster.recording(session.session_id), file)
  })
  afterAll(() => cluster.stop())

  const play = (env: Record<string, string>) =>
    runToEnd([...bundled("msh"), "play", "--speed", "1000", file], { ...cluster.userVariables, ...env })

  it("stores nothing in clear", () => {
    const keys = new KeyRing(Either.getOrThrow(MasterKey.fromHex(key)))
    const stored = storedRecording(file, { keys })
    expect(stored.output.toString()).toBe(`${secret}\n`)
    expect(stored.input.toString()).toBe(`${secret}\n`)
    const bytes = readFileSync(file)
    for (const clear of ["secret", "quick", "PATH="]) expect(bytes.includes(clear)).toBe(false)
  })

  it("lets its users play through it, and verify without the key", async () => {
    const played = await cluster.msh("play", "--speed", "1000", session.session_id)
    expect({ code: played.code, stdout: played.stdout.toString() }).toEqual({ code: 0, stdout: `${secret}\n` })
    for (const target of [session.session_id, file]) {
      const { code, stdout } = await cluster.msh("verify", target)
      expect(stdout.toString()).toMatch(/^OK: session \S+ \(user: alice, host: web-1\) is whole: /)
      expect(code).toBe(0)
    }
  })

  it("gives files that play with the key only", async () => {
    const withKey = await play({ MEZITE_RECORDING_ENC_KEY: key })
    expect({ code: withKey.code, stdout: withKey.stdout.toString() }).toEqual({ code: 0, stdout: `${secret}\n` })
    const rotated = await play({ MEZITE_RECORDING_ENC_KEY: "11".repeat(32), MEZITE_RECORDING_ENC_KEYS_OLD: key })
    expect(rotated.stdout.toString()).toBe(`${secret}\n`)
    for (const env of [{}, { MEZITE_RECORDING_ENC_KEY: "22".repeat(32) }]) {
      const { code, stdout, stderr } = await play(env)
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toMatch(/msh: [^\n]*key [0-9a-f]{16}[^\n]*MEZITE_RECORDING_ENC_KEY[^\n]*\n$/)
    }
  })
})
