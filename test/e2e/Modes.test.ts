import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

describe("the recording mode", () => {
  let cluster: Cluster
  beforeAll(async () => {
    const mode = (value: string) => ({ MEZITE_RECORDING_MODE: value })
    cluster = await Cluster.start({ nodes: { free: {}, "always-off": mode("off"), "always-sync": mode("node-sync") } })
  })
  afterAll(() => cluster.stop())

  /** Runs a command on a node, and gives its session once the hub knows its end. */
  const session = async (node: string, command: string) => {
    const { code, stdout } = await runToEnd(await mshSsh.words(cluster, node, { command }), cluster.userVariables)
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: "done\n" })
    return until("the hub knows the session's end", async () => {
      const found = (await cluster.sessions()).find((one) => one.command === command)
      return found !== undefined && found.ended_at !== null && found
    })
  }

  it.each(["off", "node", "node-sync"] as const)("is the cluster's %s where the variable is not set", async (mode) => {
    await cluster.mezctl("config", "set", "session_recording", mode)
    const found = await session("free", `echo done #${mode}`)
    expect(found).toMatchObject({ mode, mode_source: "cluster" })
    const [start] = (await cluster.audit("session.start")).filter((event) => event.session_id === found.session_id)
    const [end] = (await cluster.audit("session.end")).filter((event) => event.session_id === found.session_id)
    expect(start?.detail).toMatchObject({ mode, mode_source: "cluster", command: `echo done #${mode}` })
    expect(end?.detail).toMatchObject({ exit_code: 0 })
    if (mode === "off") {
      expect(found).toMatchObject({ status: "unrecorded", recording_digest: null })
      expect(existsSync(cluster.recording(found.session_id))).toBe(false)
      const played = await cluster.msh("play", found.session_id)
      expect(played.code).toBe(1)
      expect(played.stderr).toMatch(/^msh: session \S+ (?:has no recording|was not recorded)[^\n]*\n$/)
    } else {
      expect(found.status).toBe("completed")
      expect(storedRecording(cluster.recording(found.session_id)).output.toString()).toBe("done\n")
      expect((await cluster.msh("verify", found.session_id)).code).toBe(0)
    }
    const spool = join(cluster.agentDirectory("free"), "agent/spool")
    await until("the spool is empty", () => readdirSync(spool).every((name) => name === "rejected"))
  })

  it("is the variable's where it is set, and flagged where that is less than the cluster's", async () => {
    await cluster.mezctl("config", "set", "session_recording", "node-sync")
    expect(await session("always-off", "echo done #1")).toMatchObject({ mode: "off", mode_source: "env" })
    await cluster.mezctl("config", "set", "session_recording", "off")
    expect(await session("always-sync", "echo done #2")).toMatchObject({ mode: "node-sync", mode_source: "env" })
    await cluster.mezctl("config", "set", "session_recording", "node-sync")
    const listed = (await cluster.mezctl("nodes", "ls")).stdout.toString()
    expect(listed).toMatch(/^always-off .* off \(env\) WEAKER THAN CLUSTER /m)
    expect(listed).not.toMatch(/^always-sync .*WEAKER/m)
  })

  it("cannot be set to what there is not", async () => {
    const { code, stderr } = await cluster.tryMezctl("config", "set", "session_recording", "sometimes")
    expect(code).toBe(1)
    expect(stderr).toBe('mezctl: "sometimes" is no value for session_recording; it takes node-sync, node, off\n')
    expect((await cluster.mezctl("config", "get", "session_recording")).stdout.toString()).toBe("node-sync\n")
  })
})
