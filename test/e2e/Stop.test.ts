import { describe, expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const shell = async (cluster: Cluster, node = "web-1") => {
  const terminal = new Terminal(await mshSsh.words(cluster, node), cluster.userVariables)
  onTestFinished(() => terminal.close())
  terminal.type("PS1='rea''dy> '\r")
  await terminal.shows(/ready> /)
  return terminal
}

const ended = (cluster: Cluster) =>
  until("the session has ended", async () => {
    const found = await cluster.lastSession()
    return found.ended_at !== null && found
  })

describe("an agent that is told to stop", () => {
  const clusterWith = async (limit: string) => {
    const cluster = await Cluster.start({ nodes: { "web-1": { MEZITE_DRAIN_TIMEOUT: limit } } })
    onTestFinished(() => cluster.stop())
    return cluster
  }

  it("begins nothing new, lets who is there come to an end, and stops when they have", async () => {
    const cluster = await clusterWith("2m")
    const terminal = await shell(cluster)
    cluster.agent().kill("SIGTERM")
    await terminal.shows(/\r\nmezite: this node's agent is stopping: this session will be ended in 2m\r\n/)
    const late = await runToEnd(await mshSsh.words(cluster, "web-1", { command: "true" }), cluster.userVariables)
    expect(late).toMatchObject({ code: 255, stderr: "mezite: this node's agent is stopping: try again in a while\n" })
    terminal.type("echo still''-here; exit 3\r")
    expect(await terminal.ended()).toEqual({ status: 3, sane: true })
    expect(await cluster.agent().ended).toMatchObject({ code: 0, signal: null })
    const session = await ended(cluster)
    expect(session).toMatchObject({ status: "completed", exit_code: 3 })
    expect(storedRecording(cluster.recording(session.session_id)).output.toString()).toContain("still-here")
  })

  it("ends those who stay longer with a line, 255 and a whole recording", async () => {
    const cluster = await clusterWith("1s")
    const terminal = await shell(cluster)
    cluster.agent().kill("SIGTERM")
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(/\r\nmezite: the session has ended: the agent is stopping\r\n/)
    expect(await cluster.agent().ended).toMatchObject({ code: 0 })
    const session = await ended(cluster)
    expect(session).toMatchObject({ status: "interrupted", reason: "the agent is stopping" })
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
  })

  it("stops at once when it is told again", async () => {
    const cluster = await clusterWith("2m")
    const terminal = await shell(cluster)
    cluster.agent().kill("SIGTERM")
    await terminal.shows(/this session will be ended in 2m/)
    const toldAt = performance.now()
    cluster.agent().kill("SIGTERM")
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(/\r\nmezite: the session has ended: the agent is stopping\r\n/)
    expect(await cluster.agent().ended).toMatchObject({ code: 0 })
    expect(performance.now() - toldAt).toBeLessThan(5_000)
    expect(await ended(cluster)).toMatchObject({ reason: "the agent is stopping" })
  })
})
