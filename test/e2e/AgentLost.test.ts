import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { isAlive } from "./support/isAlive.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

it("a session whose agent is killed is ended by the hub, and completed when the agent is back", async () => {
  const cluster = await Cluster.start({ hub: { MEZITE_RECORDING_ORPHAN_AFTER: "1s" } })
  onTestFinished(() => cluster.stop())
  const terminal = new Terminal(await mshSsh.words(cluster, "web-1"), cluster.userVariables)
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  terminal.type('echo "shell $$ here"\r')
  const [, shell] = await terminal.shows(/\rshell (\d+) here\r\n[\s\S]*[#$] $/)
  expect((await cluster.lastSession()).ended_at).toBeNull()
  cluster.agent().kill("SIGKILL")
  expect(await terminal.ended()).toEqual({ status: 255, sane: true })
  expect(terminal.text).toMatch(
    /\r\nmsh: the connection to web-1 was lost, and the session with it; what was recorded of it is kept on web-1 until the hub has it all\r\n/,
  )
  await until("the shell is gone", () => !isAlive(Number(shell)))

  const lost = await until("the hub ends the session", async () => {
    const session = await cluster.lastSession()
    return session.ended_at !== null && session
  })
  expect(lost).toMatchObject({ status: "interrupted", reason: "agent lost" })
  const [end] = await cluster.audit("session.end")
  expect(end).toMatchObject({ session_id: lost.session_id, detail: { reason: "agent lost", status: "interrupted" } })
  expect((await cluster.msh("verify", lost.session_id)).stdout.toString()).toMatch(
    / is whole: .*; the session was interrupted: agent lost\n$/,
  )

  const spooled = join(cluster.agentDirectory("web-1"), "agent/spool", `${lost.session_id}.rec`)
  expect(existsSync(spooled)).toBe(true)
  await cluster.startAgent("web-1")
  await until("the agent's copy is brought to the hub", () => !existsSync(spooled))
  expect(await cluster.lastSession()).toMatchObject({ status: "interrupted", reason: "the agent was killed" })
  const [stored] = await cluster.audit("session.recording.stored")
  expect(stored).toMatchObject({ session_id: lost.session_id, detail: { completes: true } })
  expect(await cluster.audit("session.end")).toHaveLength(1)
  const [shown = ""] = terminal.text.split("\r\nmsh: ")
  expect(storedRecording(cluster.recording(lost.session_id)).output.toString()).toBe(shown)
  expect((await cluster.msh("verify", lost.session_id)).code).toBe(0)
})
