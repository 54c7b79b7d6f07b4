import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { isAlive } from "./support/isAlive.ts"
import { openShell } from "./support/openShell.ts"
import { Program, runToEnd } from "./support/Program.ts"
import { Relay } from "./support/Relay.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import type { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh, proxyCommand } from "./support/ways.ts"

/** How long the ack time-out is here, and how long what comes after it may take. */
const ackTimeoutMs = 2_000
const slackMs = 2_500

const lostCluster = async (mode: string): Promise<Cluster> => {
  const node = { MEZITE_RECORDING_MODE: mode, MEZITE_RECORDING_ACK_TIMEOUT: "2s" }
  const cluster = await Cluster.start({ nodes: { "web-1": node } })
  onTestFinished(() => cluster.stop())
  return cluster
}

/** The newest session, once it has ended. */
const ended = async (cluster: Cluster) => {
  const [session] = await cluster.sessions()
  return session !== undefined && session.ended_at !== null && session
}

/** Everything that the person saw is in the recording. */
const expectShownIsRecorded = (terminal: Terminal, path: string) => {
  const { output } = storedRecording(path)
  const [shown = ""] = terminal.text.split(/(?:\r\n)?(?:mezite|msh): /)
  expect(output.toString()).toContain(shown.trimEnd())
  return output
}

describe("a node-sync session whose hub is lost", () => {
  it.each([mshSsh, proxyCommand])(
    "ends when the hub is killed, and is completed when it is back, by $name",
    async (way) => {
      const cluster = await lostCluster("node-sync")
      const { terminal, shell } = await openShell(cluster, "web-1", way)
      const killedAt = performance.now()
      cluster.hub.kill("SIGKILL")
      const { status, sane } = await terminal.ended()
      expect(performance.now() - killedAt).toBeLessThan(ackTimeoutMs + slackMs)
      expect(status).toBe(255)
      expect(sane).toBe(true)
      if (way === mshSsh)
        expect(terminal.text).toMatch(
          /\r\nmsh: the connection to web-1 was lost, and the session with it; what was recorded of it is kept until the hub has it all\r\n/,
        )
      await until("the shell is gone", () => !isAlive(shell))

      await cluster.startHub()
      const session = await until("the recording is completed", () => ended(cluster))
      expect(session).toMatchObject({ status: "interrupted", exit_code: null })
      expectShownIsRecorded(terminal, cluster.recording(session.session_id))
      const verified = await cluster.msh("verify", session.session_id)
      expect(verified.stdout.toString()).toMatch(/ is whole: .*; the session was interrupted: /)
      expect(verified.code).toBe(0)
      for (const type of ["session.start", "session.end", "session.recording.stored"] as const) {
        const events = await cluster.audit(type)
        expect(events.map((event) => event.session_id)).toEqual([session.session_id])
      }
      await until(
        "the agent's copy is gone",
        () => !existsSync(join(cluster.agentDirectory("web-1"), `agent/spool/${session.session_id}.rec`)),
      )
    },
  )

  it("ends with a clear line when the hub answers nothing any more", async () => {
    const cluster = await lostCluster("node-sync")
    const { terminal, shell } = await openShell(cluster, "web-1")
    const stoppedAt = performance.now()
    cluster.hub.kill("SIGSTOP")
    await until("the shell is gone", () => !isAlive(shell))
    expect(performance.now() - stoppedAt).toBeLessThan(ackTimeoutMs + slackMs)
    cluster.hub.kill("SIGCONT")
    expect(await terminal.ended()).toMatchObject({ status: 255, sane: true })
    expect(terminal.text).toMatch(/\r\nmezite: the session has ended: the hub confirmed nothing for 2 s\r\n/)
    const session = await until("the recording is completed", () => ended(cluster))
    expect(session).toMatchObject({ status: "interrupted", reason: "the hub confirmed nothing for 2 s" })
    expectShownIsRecorded(terminal, cluster.recording(session.session_id))
  })

  it("does nothing of what was typed and is not durable, cut off or half-open, and the user reads why it ends", async () => {
    let relay: Relay | undefined
    const cluster = await Cluster.start({
      nodes: { "web-1": { MEZITE_RECORDING_ACK_TIMEOUT: "2s" } },
      throughTo: async (listen) => {
        relay = await Relay.start(Number(listen.split(":")[1]))
        return relay.address
      },
    })
    onTestFinished(async () => {
      relay?.close()
      await cluster.stop()
    })
    const cut = await openShell(cluster, "web-1")
    relay?.cut("recordings")
    expect(await cut.terminal.ended()).toEqual({ status: 255, sane: true })
    expect(cut.terminal.text).toMatch(/\r\nmezite: the session has ended: the hub cannot be reached\r\n/)
    const begun = await runToEnd(await mshSsh.words(cluster, "web-1", { command: "true" }), cluster.userVariables)
    expect([begun.code, begun.stderr]).toEqual([255, "mezite: the session cannot begin: the hub cannot be reached\n"])
    relay?.heal()

    const { terminal, shell } = await openShell(cluster, "web-1")
    const mark = join(cluster.directory, "done")
    expect(relay?.holdAcknowledgements()).toBeGreaterThan(0)
    const heldAt = performance.now()
    terminal.type(`touch ${mark}\r`)
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(performance.now() - heldAt).toBeLessThan(ackTimeoutMs + slackMs)
    expect(terminal.text).toMatch(/\r\nmezite: the session has ended: the hub confirmed nothing for 2 s\r\n/)
    // It arrived at the agent, and is in the recording; but the shell never saw the Enter.
    expect(existsSync(mark)).toBe(false)
    await until("the shell is gone", () => !isAlive(shell))
  })
})

describe("a node session whose hub is lost", () => {
  it("loses its client, whose way led through that hub, and is brought to the hub when that is back", async () => {
    const cluster = await lostCluster("node")
    const marks = join(cluster.directory, "mark")
    const words = await mshSsh.words(cluster, "web-1", {
      command: `echo be''fore; until test -e ${marks}; do sleep 0.1; done; echo af''ter | tee ${marks}.done; exit 5`,
    })
    const client = new Program(words, cluster.userVariables)
    onTestFinished(() => client.end())
    await client.shows(/before/)
    cluster.hub.kill("SIGKILL")
    const { code, stderr } = await client.ended
    expect(code).toBe(255)
    expect(stderr).toBe(
      "msh: the connection to web-1 was lost, and the session with it; what was recorded of it is kept until the hub has it all\n",
    )
    await cluster.startHub()
    const session = await until("the recording is brought to the hub", () => ended(cluster))
    expect(session).toMatchObject({ mode: "node", mode_source: "env", reason: "the client disconnected" })
    expect(storedRecording(cluster.recording(session.session_id)).output.toString()).toBe("before\n")
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
  })

  it("does not even notice one that answers nothing for longer than the ack time-out", async () => {
    const cluster = await lostCluster("node")
    const mark = join(cluster.directory, "mark")
    const command = `echo be''fore; sleep 3; echo dur''ing; touch ${mark}; cat; exit 5`
    const client = new Program(await mshSsh.words(cluster, "web-1", { command }), cluster.userVariables)
    onTestFinished(() => client.end())
    await client.shows(/before/)
    cluster.hub.kill("SIGSTOP")
    await until("the program goes on", () => existsSync(mark))
    cluster.hub.kill("SIGCONT")
    client.endInput("typed\n")
    expect(await client.ended).toMatchObject({ code: 5, stdout: Buffer.from("before\nduring\ntyped\n"), stderr: "" })
    const session = await until("the recording is brought to the hub", () => ended(cluster))
    expect(session).toMatchObject({ mode: "node", status: "completed", exit_code: 5 })
    expect(storedRecording(cluster.recording(session.session_id)).output.toString()).toBe("before\nduring\ntyped\n")
  })
})
