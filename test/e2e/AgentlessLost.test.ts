import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { isAlive } from "./support/isAlive.ts"
import { openShell } from "./support/openShell.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import type { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"

describe("a session on a node without an agent", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: {}, targets: ["db-1"], hub: { MEZITE_DRAIN_TIMEOUT: "1s" } })
  })
  afterAll(() => cluster.stop())

  /** The newest session, once it has ended, with a recording that is whole and holds all that was seen. */
  const expectRecorded = async (terminal: Terminal) => {
    const session = await until("the session has ended", async () => {
      const [newest] = await cluster.sessions()
      return newest?.ended_at != null && newest
    })
    const { output } = storedRecording(cluster.recording(session.session_id))
    const [shown = ""] = terminal.text.split(/(?:\r\n)?(?:mezite|msh): /)
    expect(output.toString()).toContain(shown.trimEnd())
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
    return session
  }

  it("ends when its machine dies in the middle, with a line and a whole recording", async () => {
    const { terminal } = await openShell(cluster, "db-1")
    await cluster.target().kill()
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    const reason = "the connection to db-1 was lost before the program's end was told"
    expect(terminal.text).toContain(`\r\nmezite: ${reason}\r\n`)
    expect(await expectRecorded(terminal)).toMatchObject({ status: "interrupted", exit_code: null, reason })
    await cluster.target().start()
  })

  it("ends when the hub is killed, and its recording is completed when the hub is back", async () => {
    const { terminal, shell } = await openShell(cluster, "db-1")
    cluster.hub.kill("SIGKILL")
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    await until("the shell is gone", () => !isAlive(shell))
    await cluster.startHub()
    expect(await expectRecorded(terminal)).toMatchObject({ status: "interrupted", exit_code: null })
    for (const type of ["session.start", "session.end", "session.recording.stored"] as const) {
      const [event] = await cluster.audit(type)
      expect(event?.session_id).toBe((await cluster.lastSession()).session_id)
    }
    const { session_id } = await cluster.lastSession()
    const ends = (await cluster.audit("session.end")).filter((event) => event.session_id === session_id)
    expect(ends).toHaveLength(1)
    const spooled = join(cluster.hubDirectory, `gateway/db-1/spool/${session_id}.rec`)
    await until("the hub's copy is gone", () => !existsSync(spooled))
  })

  it("ends when the hub was told to stop and it goes on for too long, with a line and a whole recording", async () => {
    const { terminal } = await openShell(cluster, "db-1")
    cluster.hub.kill("SIGTERM")
    await terminal.shows(/\r\nmezite: the hub is stopping: this session will be ended in 1s\r\n/)
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(/\r\nmezite: the session has ended: the hub is stopping\r\n/)
    expect(await cluster.hub.ended).toMatchObject({ code: 0, signal: null })
    await cluster.startHub()
    expect(await expectRecorded(terminal)).toMatchObject({ status: "interrupted", reason: "the hub is stopping" })
  })
})
