import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { SmallDisk } from "../chaos/SmallDisk.ts"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

/** A node whose agent has a small disk of its own, and a shell there. */
const scene = async (variables: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(tmpdir(), "mezite-e2e-disk-"))
  const disk = SmallDisk.mount(join(folder, "data"))
  const cluster = await Cluster.start({ nodes: { "web-1": { MEZITE_DATA_DIR: join(folder, "data"), ...variables } } })
  onTestFinished(async () => {
    await cluster.stop()
    disk.unmount()
    rmSync(folder, { recursive: true })
  })
  const terminal = new Terminal(await mshSsh.words(cluster, "web-1"), cluster.userVariables)
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  terminal.type("PS1='rea''dy> '; echo ke''pt\r")
  await terminal.shows(/kept\r\n/)
  return { cluster, disk, terminal }
}

/** More than what a page that is taken already has room for, and cannot be compressed. */
const flood = "head -c 30000 /dev/urandom | base64; echo flood''ed\r"

const ended = (cluster: Cluster) =>
  until("the session has ended", async () => {
    const found = await cluster.lastSession()
    return found.ended_at !== null && found
  })

describe.skipIf(!SmallDisk.possible())("an agent whose disk is full (needs root)", () => {
  it("lets a session in mode node go on where it is told to, with a gap that everybody sees", async () => {
    const { cluster, disk, terminal } = await scene({
      MEZITE_RECORDING_MODE: "node",
      MEZITE_ON_LOCAL_FAILURE: "continue",
    })
    expect(await cluster.spool("web-1")).toMatchObject([{ user: "alice", mode: "node", state: "running", reason: "" }])
    disk.fill()
    terminal.type(flood)
    await terminal.shows(/flooded\r\n/)
    const [waiting] = await until("what is lost is noted", async () => {
      const found = await cluster.spool("web-1")
      return found[0]?.reason !== "" && found
    })
    expect(waiting).toMatchObject({
      state: "running",
      reason: expect.stringMatching(/^the disk did not take \d+ frames: .*ENOSPC/),
    })
    const refused = await runToEnd(await mshSsh.words(cluster, "web-1", { command: "true" }), cluster.userVariables)
    expect(refused).toMatchObject({
      code: 255,
      stderr: expect.stringMatching(
        /^mezite: .*this machine's disk has 0 MiB left for recordings, and 1 MiB must be free: make room in /,
      ),
    })
    disk.free()
    await until("the recording goes on", async () => (await cluster.spool("web-1"))[0]?.reason === "")
    terminal.type("echo aft''er; exit 4\r")
    expect(await terminal.ended()).toEqual({ status: 4, sane: true })
    const session = await ended(cluster)
    expect(session).toMatchObject({
      status: "truncated",
      exit_code: 4,
      reason: expect.stringMatching(/^\d+ frames are missing: .*ENOSPC/),
    })
    const { output, end } = storedRecording(cluster.recording(session.session_id))
    expect(output.toString()).toMatch(/^[\s\S]*kept\r\n[\s\S]*after\r\n/)
    expect(output.toString()).not.toContain("flooded")
    expect(end.status).toBe("truncated")
    const [told] = await cluster.audit("session.end")
    expect(told?.detail).toMatchObject({ status: "truncated", reason: session.reason })
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
    const played = await cluster.msh("play", "--speed", "100", "--skip-idle", session.session_id)
    expect(played.stderr).toMatch(/\d+ frames are missing here: .*ENOSPC/)
    await until("nothing waits any more", async () => (await cluster.spool("web-1")).length === 0)
  })

  it("ends a session in node-sync, of which the hub has everything", async () => {
    const { cluster, disk, terminal } = await scene({})
    disk.fill()
    terminal.type(flood)
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(
      /\r\nmezite: the session has ended: the recording cannot be written: \S+: ENOSPC: [^\r]*\r\n/,
    )
    const session = await ended(cluster)
    expect(session).toMatchObject({
      status: "interrupted",
      reason: expect.stringMatching(/^the recording cannot be written: .*ENOSPC/),
    })
    const [shown = ""] = terminal.text.split("\r\nmezite: ")
    expect(storedRecording(cluster.recording(session.session_id)).output.toString().startsWith(shown)).toBe(true)
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
    await until("nothing waits any more", async () => (await cluster.spool("web-1")).length === 0)
  })
})
