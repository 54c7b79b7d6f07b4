import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import type { AuditEvent } from "../../src/domain/AuditEvent.ts"
import { freePort } from "../support/freePort.ts"
import { Cluster, login } from "./support/Cluster.ts"
import { dial } from "./support/dial.ts"
import { isAlive } from "./support/isAlive.ts"
import { type Ended, Program, runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { jump, mshSsh, proxyCommand, type Way, ways } from "./support/ways.ts"

/** How soon whoever is cut off must be gone, once the command has returned; with what a busy machine takes longer. */
const limitMs = 2_000 + 1_500

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: { "web-1": {}, "web-2": { MEZITE_RECORDING_MODE: "node" } } })
})
afterAll(() => cluster.stop())
/** A test that failed leaves nobody locked for the others. */
afterEach(async () => {
  const locks = JSON.parse((await cluster.mezctl("locks", "ls", "--format=json")).stdout.toString())
  for (const { id } of locks) await cluster.mezctl("locks", "rm", id)
})

const lock = async (...words: ReadonlyArray<string>): Promise<string> =>
  (await cluster.mezctl("locks", "add", ...words)).stdout.toString().trim()

interface Shell {
  readonly terminal: Terminal
  readonly pid: number
}

/** A shell that does not mind a SIGHUP, by one of the ways in. */
const openShell = async (way: Way, node = "web-1"): Promise<Shell> => {
  const terminal = new Terminal(await way.words(cluster, node), cluster.userVariables)
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  terminal.type("trap '' HUP; echo 'shell' \"$$ here\"\r")
  const [, pid] = await terminal.shows(/shell (\d+) here\r\n/)
  return { terminal, pid: Number(pid) }
}

/** In time, whoever has it open reads why, with 255, and what ran is gone. */
const expectCutOff = async ({ terminal, pid }: Shell, words: string): Promise<void> => {
  const since = performance.now()
  expect(await terminal.ended()).toEqual({ status: 255, sane: true })
  expect(performance.now() - since).toBeLessThan(limitMs)
  expect(terminal.text).toContain(`\r\nmezite: the session has ended: ${words}\r\n`)
  await until("the shell is gone", () => !isAlive(pid))
}

/** A connection through a port that `ssh -L` forwards, by which something came back. */
const forward = async () => {
  const echo = createServer((socket) => socket.on("error", () => undefined).pipe(socket)).listen(0, "127.0.0.1")
  onTestFinished(() => void echo.close())
  await once(echo, "listening")
  const port = await freePort()
  const target = `${port}:127.0.0.1:${(echo.address() as AddressInfo).port}`
  const options = ["-F", await cluster.sshConfig(), "-N", "-L", target, "-J", `alice@${cluster.ssh}`]
  const client = new Program(["ssh", ...options, `${login}@web-1.mezite`], cluster.userVariables)
  const socket = await dial(port)
  const closed = once(socket, "close")
  socket.write("through")
  await once(socket, "data")
  return { client, closed }
}

const tryWay = async (way: Way, node = "web-1"): Promise<Ended> =>
  runToEnd(await way.words(cluster, node, { command: "echo in" }), cluster.userVariables)

/** The newest events of sessions' ends, once none runs. */
const ends = (): Promise<ReadonlyArray<AuditEvent>> =>
  until("all sessions have ended", async () => {
    const sessions = await cluster.sessions()
    return sessions.every(({ ended_at }) => ended_at !== null) && cluster.audit("session.end")
  })

describe("a lock", () => {
  it("on a user ends what the user has open, every way in, and keeps the user out until it is removed", async () => {
    const shells = await Promise.all(ways.map((way) => openShell(way)))
    const command = new Program(await jump.words(cluster, "web-1", { command: "echo on; cat" }), cluster.userVariables)
    await command.shows(/on/)
    const idle = ["ssh", "-F", await cluster.sshConfig(), "-v", "-N", "-J", `alice@${cluster.ssh}`]
    const connection = new Program([...idle, `${login}@web-1.mezite`], cluster.userVariables)
    await until("the connection stands", () => /Entering interactive session/.test(connection.stderr))
    const forwarded = await forward()

    const id = await lock("--user", "alice", "--reason", "under investigation", "--ttl", "1h")
    const words = "alice is locked: under investigation"
    const since = performance.now()
    await Promise.all(shells.map((shell) => expectCutOff(shell, words)))
    const told = expect.stringContaining(`mezite: the session has ended: ${words}\n`)
    expect(await command.ended).toMatchObject({ code: 255, stderr: told })
    expect(await connection.ended).toMatchObject({ code: 255, stderr: expect.stringContaining(words) })
    await forwarded.closed
    expect(await forwarded.client.ended).toMatchObject({ code: 255, stderr: expect.stringContaining(words) })
    expect(performance.now() - since).toBeLessThan(limitMs)

    expect(await tryWay(mshSsh)).toMatchObject({ code: 255, stderr: `msh: ${words}\n` })
    for (const way of [proxyCommand, jump]) {
      expect(await tryWay(way)).toMatchObject({ code: 255, stderr: expect.stringContaining(words) })
    }
    const refused = (await cluster.audit("session.rejected")).filter(({ detail }) => detail.reason === words)
    expect(refused.map(({ user }) => user)).toEqual(["alice", "alice", "alice"])
    expect(await cluster.msh("sessions", "ls")).toMatchObject({ code: 1, stderr: `msh: ${words}\n` })
    const sign = ["auth", "sign", "--user", "alice", "--ttl", "1h", "--out", join(cluster.directory, "x.json")]
    expect(await cluster.tryMezctl(...sign)).toMatchObject({ code: 1, stderr: `mezctl: ${words}\n` })

    for (const event of await ends()) {
      expect(event.detail).toMatchObject({ reason: words, ended_by: "local-admin", status: "interrupted" })
    }
    const [ended] = await cluster.sessions()
    expect(storedRecording(cluster.recording(ended?.session_id ?? "")).end.reason).toBe(words)
    const listed = JSON.parse((await cluster.mezctl("locks", "ls", "--format=json")).stdout.toString())
    expect(listed).toMatchObject([{ id, user: "alice", node: null, login: null, created_by: "local-admin" }])
    await cluster.mezctl("locks", "rm", id)
    expect(await tryWay(proxyCommand)).toMatchObject({ code: 0 })
  })

  it("on a login is the nodes' to keep, also for one that was away when it was made", async () => {
    const open = await openShell(proxyCommand)
    cluster.agent("web-2").kill("SIGTERM")
    await cluster.agent("web-2").ended
    const id = await lock("--login", login)
    const words = `the login ${login} is locked`
    await expectCutOff(open, words)
    await cluster.startAgent("web-2")
    expect(await tryWay(mshSsh, "web-2")).toMatchObject({ code: 255, stderr: `msh: ${words}\n` })
    expect(await tryWay(jump, "web-2")).toMatchObject({ code: 255, stderr: expect.stringContaining(words) })
    const refused = await until("the refusals are audited", async () => {
      const events = await cluster.audit("session.rejected")
      return events.filter(({ detail }) => detail.reason === words).length === 2 && events
    })
    expect(refused[0]).toMatchObject({ user: "alice", node: "web-2", login })
    await cluster.mezctl("locks", "rm", id)
  })

  it("on a node shuts everybody out of it, and it out of the cluster; others go on", async () => {
    const [open, other] = await Promise.all([openShell(mshSsh, "web-2"), openShell(mshSsh)])
    const id = await lock("--node", "web-2", "--reason", "suspect")
    const words = "node web-2 is locked: suspect"
    await expectCutOff(open, words)
    expect(await tryWay(mshSsh, "web-2")).toMatchObject({ code: 255, stderr: `msh: ${words}\n` })
    const nodes = JSON.parse((await cluster.mezctl("nodes", "ls", "--format=json")).stdout.toString())
    expect(nodes).toMatchObject([{ online: true }, { name: "web-2", online: false }])
    const session = await until("its recording is complete", async () =>
      (await cluster.sessions()).find(({ node, status }) => node === "web-2" && status === "interrupted"),
    )
    expect(session).toMatchObject({ reason: words, ended_by: "local-admin" })
    expect(storedRecording(cluster.recording(session.session_id)).output.toString()).toContain("here")
    other.terminal.type("echo goes''-on; exit\r")
    await other.terminal.shows(/goes-on/)
    await cluster.mezctl("locks", "rm", id)
    await until("the node is back", async () => (await tryWay(mshSsh, "web-2")).code === 0, 40_000)
  })
})

describe("an admin", () => {
  const active = async () => (await cluster.sessions()).find(({ ended_at }) => ended_at === null)?.session_id ?? ""

  it("ends one session, whose user reads why; there is none to end after that", async () => {
    const shell = await openShell(proxyCommand, "web-2")
    const id = await active()
    await cluster.mezctl("sessions", "terminate", id, "--reason", "lunch")
    const words = "terminated by local-admin: lunch"
    await expectCutOff(shell, words)
    const [end] = await cluster.audit("session.end")
    expect(end).toMatchObject({ session_id: id, detail: { reason: words, ended_by: "local-admin" } })
    expect((await cluster.audit("session.terminate"))[0]).toMatchObject({ session_id: id, user: "local-admin" })
    const again = await cluster.tryMezctl("sessions", "terminate", id)
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mezctl: session \S+ is over: it ended at /),
    })
    const nothing = await cluster.tryMezctl("sessions", "terminate", "00000000-0000-4000-8000-000000000000")
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^mezctl: there is no session 0000/) })
  })

  it("takes a token away, and nobody joins with it", async () => {
    const token = await cluster.joinToken()
    const listed = await cluster.mezctl("tokens", "ls", "--format=json")
    expect(listed.stdout.toString()).not.toContain(token)
    const [{ id, uses }] = JSON.parse(listed.stdout.toString())
    expect(uses).toBe(1)
    await cluster.mezctl("tokens", "rm", id)
    const variables = { ...cluster.agentVariables("web-3"), ...cluster.hubForAgent("web-3"), MEZITE_JOIN_TOKEN: token }
    const { code, stderr } = await runToEnd(["node", "dist/bin/mezd.js", "start"], variables)
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^mezd: the join token is wrong/) })
    expect((await cluster.audit("token.delete"))[0]).toMatchObject({ user: "local-admin", detail: { token_id: id } })
  })

  it("removes a node, and what is open there ends", async () => {
    const shell = await openShell(proxyCommand, "web-2")
    const id = await active()
    await cluster.mezctl("nodes", "rm", "web-2")
    const since = performance.now()
    expect(await shell.terminal.ended()).toMatchObject({ status: 255 })
    expect(performance.now() - since).toBeLessThan(limitMs)
    expect(shell.terminal.text).toMatch(/mezite: the session has ended: [^\r]*removed from the cluster\r\n/)
    expect((await cluster.agent("web-2").ended).code).toBe(1)
    // Nothing of it can come back: the hub does not wait for the agent, as it does for others.
    const session = await until("its session is over", async () =>
      (await cluster.sessions()).find(({ session_id, ended_at }) => session_id === id && ended_at !== null),
    )
    expect(session).toMatchObject({ reason: "agent lost", ended_by: "local-admin", status: "interrupted" })
  })

  it("removes a user, and what the user has open ends", async () => {
    const shells = await Promise.all([mshSsh, jump].map((way) => openShell(way)))
    await cluster.mezctl("users", "rm", "alice")
    await Promise.all(shells.map((shell) => expectCutOff(shell, "the user alice was removed")))
    for (const way of [mshSsh, jump]) expect(await tryWay(way)).toMatchObject({ code: 255 })
  })
})
