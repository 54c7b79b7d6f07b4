import { get } from "node:https"
import { describe, expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { Relay } from "./support/Relay.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh, ways } from "./support/ways.ts"

const shell = async (cluster: Cluster, node = "web-1") => {
  const terminal = new Terminal(await mshSsh.words(cluster, node), cluster.userVariables)
  onTestFinished(() => terminal.close())
  terminal.type("PS1='rea''dy> '\r")
  await terminal.shows(/ready> /)
  return terminal
}

const statusOf = (cluster: Cluster, path: string) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    get(`https://${cluster.listen}${path}`, { rejectUnauthorized: false }, (response) => {
      let body = ""
      response.on("data", (chunk) => {
        body += chunk
      })
      response.on("end", () => resolve({ status: response.statusCode, body }))
    }).on("error", reject)
  })

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

  it("leaves what the hub does not take now to its next start", async () => {
    const relays: Array<Relay> = []
    const cluster = await Cluster.start({
      nodes: { "web-1": { MEZITE_RECORDING_MODE: "node", MEZITE_DRAIN_TIMEOUT: "1s" } },
      throughTo: async (listen) => {
        const relay = await Relay.start(Number(listen.split(":")[1]))
        relays.push(relay)
        return relay.address
      },
    })
    onTestFinished(async () => {
      for (const relay of relays) relay.close()
      await cluster.stop()
    })
    const terminal = await shell(cluster)
    for (const relay of relays) relay.cut("recordings")
    const toldAt = performance.now()
    cluster.agent().kill("SIGTERM")
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(await cluster.agent().ended).toMatchObject({ code: 0, signal: null })
    expect(performance.now() - toldAt).toBeLessThan(15_000)
    expect(await cluster.spool("web-1")).toMatchObject([{ state: "waiting", reason: "the agent does not run" }])
    for (const relay of relays) relay.heal()
    await cluster.startAgent("web-1")
    await until("it is brought", async () => (await cluster.spool("web-1")).length === 0)
    const session = await ended(cluster)
    expect(session).toMatchObject({ mode: "node", status: "interrupted", reason: "the agent is stopping" })
    expect(storedRecording(cluster.recording(session.session_id)).output.toString()).toMatch(/ready> $/)
    expect((await cluster.audit("session.end")).map(({ session_id }) => session_id)).toEqual([session.session_id])
  })
})

describe("a hub that is told to stop", () => {
  const clusterWith = async (limit: string) => {
    const cluster = await Cluster.start({
      hub: { MEZITE_DRAIN_TIMEOUT: limit },
      nodes: { "web-1": {}, "web-2": { MEZITE_RECORDING_MODE: "node" } },
    })
    onTestFinished(() => cluster.stop())
    return cluster
  }
  const readiness = (cluster: Cluster) => statusOf(cluster, "/readyz")

  it("refuses whoever comes, is not ready any more, and lets sessions come to an end", async () => {
    const cluster = await clusterWith("2m")
    const terminal = await shell(cluster)
    expect(await readiness(cluster)).toEqual({ status: 200, body: "ready\n" })
    cluster.hub.kill("SIGTERM")
    await terminal.shows(/\r\nmezite: the hub is stopping: this session will be ended in 2m\r\n/)
    expect(await readiness(cluster)).toEqual({
      status: 503,
      body: "not ready: the hub is stopping: try again in a while\n",
    })
    expect(await statusOf(cluster, "/healthz")).toMatchObject({ status: 200 })
    for (const way of ways) {
      const late = await runToEnd(await way.words(cluster, "web-1", { command: "true" }), cluster.userVariables)
      expect(late.code).toBe(255)
      expect(late.stderr).toContain("the hub is stopping: try again in a while\n".trim())
    }
    const login = await runToEnd(
      [
        ...bundled("msh"),
        "login",
        "--hub",
        cluster.listen,
        "--ca-pin",
        cluster.pin,
        "--user",
        "alice",
        "--password-stdin",
      ],
      { ...cluster.userVariables, MEZITE_IDENTITY: "" },
      "whatever\n",
    )
    expect(login).toMatchObject({ code: 1, stderr: "msh: the hub is stopping: try again in a while\n" })
    expect((await cluster.mezctl("sessions", "ls", "--active")).stdout.toString()).toContain(" alice ")
    terminal.type("echo still''-here; exit 3\r")
    expect(await terminal.ended()).toEqual({ status: 3, sane: true })
    expect(await cluster.hub.ended).toMatchObject({ code: 0, signal: null })
    await cluster.startHub()
    expect(await cluster.lastSession()).toMatchObject({ status: "completed", exit_code: 3 })
  })

  it("has those who stay longer ended with a line and 255, their recordings in place, in every mode", async () => {
    const cluster = await clusterWith("1s")
    const terminals = [await shell(cluster, "web-1"), await shell(cluster, "web-2")]
    cluster.hub.kill("SIGTERM")
    for (const terminal of terminals) {
      expect(await terminal.ended()).toEqual({ status: 255, sane: true })
      expect(terminal.text).toMatch(/\r\nmezite: the session has ended: the hub is stopping\r\n/)
    }
    expect(await cluster.hub.ended).toMatchObject({ code: 0, signal: null })
    await cluster.startHub()
    const [live] = (await cluster.sessions()).filter(({ node }) => node === "web-1")
    expect(live).toMatchObject({ mode: "node-sync", status: "interrupted", reason: "the hub is stopping" })
    expect((await cluster.msh("verify", live?.session_id ?? "")).code).toBe(0)
    const brought = await until("the other one is brought", async () => {
      const [found] = (await cluster.sessions()).filter(({ node }) => node === "web-2")
      return found !== undefined && found.ended_at !== null && found
    })
    expect(brought).toMatchObject({ mode: "node", status: "interrupted", reason: "the hub is stopping" })
    expect((await cluster.mezctl("audit", "verify")).code).toBe(0)
  })
})
