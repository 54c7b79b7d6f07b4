import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { SmallDisk } from "../chaos/SmallDisk.ts"
import { Cluster } from "./support/Cluster.ts"
import { endPrograms, runToEnd } from "./support/Program.ts"
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
        /^mezite: the session cannot begin: this machine's disk has 0 MiB left for recordings, and 1 MiB must be free: make room in /,
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

  it.each(["node-sync", "node"])("ends a session in %s, of which the hub has all that was shown", async (mode) => {
    const { cluster, disk, terminal } = await scene({ MEZITE_RECORDING_MODE: mode })
    disk.fill()
    terminal.type(flood)
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(
      /\r\nmezite: the session has ended: the recording cannot be written: \S+: ENOSPC: [^\r]*\r\n/,
    )
    const session = await ended(cluster)
    expect(session).toMatchObject({
      status: mode === "node" ? "truncated" : "interrupted",
      reason: expect.stringMatching(/^the recording cannot be written: .*ENOSPC/),
    })
    const [shown = ""] = terminal.text.split("\r\nmezite: ")
    expect(storedRecording(cluster.recording(session.session_id)).output.toString().startsWith(shown)).toBe(true)
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
    await until("nothing waits any more", async () => (await cluster.spool("web-1")).length === 0)
  })
})

describe.skipIf(!SmallDisk.possible())("a hub whose disk is full (needs root)", () => {
  it("ends sessions in node-sync with a line, costs the others nothing, and has all of them in the end", async () => {
    const directory = mkdtempSync(join(tmpdir(), "mezite-e2e-disk-"))
    const disk = SmallDisk.mount(join(directory, "hub"))
    const modes = ["node-sync", "node", "off"]
    const nodes = Object.fromEntries(modes.map((mode) => [mode, { MEZITE_RECORDING_MODE: mode }]))
    const cluster = await Cluster.start({ directory, nodes })
    onTestFinished(async () => {
      await endPrograms()
      disk.unmount()
      await cluster.stop()
    })
    const shells = await Promise.all(
      modes.map(async (mode) => {
        const terminal = new Terminal(await mshSsh.words(cluster, mode), cluster.userVariables)
        onTestFinished(() => terminal.close())
        await terminal.shows(/[#$] $/)
        return terminal
      }),
    )
    const [live, ...others] = shells
    disk.fill()
    live?.type(flood)
    expect(await live?.ended()).toEqual({ status: 255, sane: true })
    expect(live?.text).toMatch(/\r\nmezite: the session has ended: the hub's disk is full\r\n/)
    const refused = await runToEnd(await mshSsh.words(cluster, "node-sync", { command: "true" }), cluster.userVariables)
    expect(refused.code).toBe(255)
    expect(refused.stderr).toMatch(
      /^mezite: the session cannot begin: the hub(?:'s disk is full| cannot store the recording now)\n$/,
    )
    for (const mode of ["node", "off"]) {
      const begun = await runToEnd(await mshSsh.words(cluster, mode, { command: "echo begun" }), cluster.userVariables)
      expect(begun).toMatchObject({ code: 0, stdout: Buffer.from("begun\n"), stderr: "" })
    }
    for (const terminal of others) {
      terminal.type("echo still''-here\r")
      await terminal.shows(/still-here\r\n/)
    }
    disk.free()
    for (const terminal of others) {
      terminal.type("exit 4\r")
      expect(await terminal.ended()).toEqual({ status: 4, sane: true })
    }
    for (const mode of modes) {
      await until(`nothing waits on ${mode}`, async () => (await cluster.spool(mode)).length === 0)
    }
    const sessions = await until("all have ended", async () => {
      const found = await cluster.sessions()
      return found.every(({ ended_at }) => ended_at !== null) && found
    })
    for (const [index, mode] of (["node-sync", "node"] as const).entries()) {
      const id = sessions.findLast(({ node }) => node === mode)?.session_id ?? ""
      const [shown = ""] = shells[index]?.text.split(/\r\n(?:mezite: |\[status )/) ?? []
      const { output } = storedRecording(cluster.recording(id))
      expect(output.toString().slice(0, shown.length)).toBe(shown)
      expect((await cluster.msh("verify", id)).code).toBe(0)
    }
    expect(sessions.map(({ node, status }) => [node, status]).toSorted()).toEqual([
      ["node", "completed"],
      ["node", "completed"],
      ["node-sync", "interrupted"],
      ["off", "unrecorded"],
      ["off", "unrecorded"],
    ])
  })
})
