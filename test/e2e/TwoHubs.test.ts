import { existsSync, mkdtempSync, readFileSync } from "node:fs"
import { get } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ListObjectsV2Command } from "@aws-sdk/client-s3"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { bundled, Program, runToEnd } from "./support/Program.ts"
import { SecondHub } from "./support/SecondHub.ts"
import { SharedStores } from "./support/SharedStores.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const directory = mkdtempSync(join(tmpdir(), "mezite-e2e-"))
const identityOfB = join(directory, "alice-b.json")

let stores: SharedStores
let cluster: Cluster
let hubB: SecondHub

beforeAll(async () => {
  stores = await SharedStores.start()
  const shared = { ...stores.variables, MEZITE_RECORDING_ENC_KEY: "8f".repeat(32) }
  const mode = (name: string) => ({ MEZITE_RECORDING_MODE: name, MEZITE_RECORDING_ACK_TIMEOUT: "2s" })
  // At the same instant, on a database that is empty.
  ;[cluster, hubB] = await Promise.all([
    Cluster.start({ directory, hub: shared, nodes: { "web-1": mode("node-sync"), "web-2": mode("node") } }),
    SecondHub.start(directory, shared),
  ])
})
afterAll(async () => {
  await cluster?.stop()
  await stores?.stop()
})

type Listed = { session_id: string; node: string; ended_at: string | null; status: string }
const sessionsAtB = () => hubB.json<ReadonlyArray<Listed>>("sessions", "ls")
const stored = async () => {
  const { Contents = [] } = await stores.gateway.client.send(new ListObjectsV2Command({ Bucket: stores.bucket }))
  return Contents.map(({ Key = "" }) => Key)
}

/** What the hub there answers. */
const statusOf = (url: string) =>
  new Promise<number | undefined>((resume, reject) => {
    get(url, { rejectUnauthorized: false }, (response) => {
      response.resume()
      resume(response.statusCode)
    }).on("error", reject)
  })

/** A shell that has shown something, and its session. */
const shellOn = async (node: string, identity: string) => {
  const terminal = new Terminal(await mshSsh.words(cluster, node), cluster.variablesOf(identity))
  await terminal.shows(/[#$] $/)
  terminal.type("echo id=\"$MEZITE_SESSION_ID\"; echo all''-shown\r")
  const [, id = ""] = await terminal.shows(/id=(\S+)\r\nall-shown\r\n/)
  return { terminal, id }
}

it("is one cluster behind two hubs, of which one may be lost", async () => {
  expect(hubB.pin).toBe(cluster.pin)
  const nodes = () => hubB.json<ReadonlyArray<{ name: string; online: boolean }>>("nodes", "ls")
  await until("the agents are at both hubs", async () => (await nodes()).every(({ online }) => online))
  // Whoever gets an identity learns of both hubs.
  await until("both hubs know of each other", async () => {
    await cluster.mezctl("auth", "sign", "--user", "alice", "--ttl", "1h", "--out", cluster.identity)
    const { hubs } = JSON.parse(readFileSync(cluster.identity, "utf8")).credentials.cluster
    return hubs.length === 2
  })
  await hubB.mezctl("auth", "sign", "--user", "alice", "--ttl", "1h", "--out", identityOfB)

  const [sync, local, other, ordered] = [
    await shellOn("web-1", cluster.identity),
    await shellOn("web-2", cluster.identity),
    await shellOn("web-1", identityOfB),
    await shellOn("web-2", cluster.identity),
  ]
  const active = await until("all are active at the other hub", async () => {
    const found = (await sessionsAtB()).filter(({ ended_at }) => ended_at === null)
    return found.length === 4 && found
  })
  expect(active.map(({ session_id }) => session_id).toSorted()).toEqual(
    [sync, local, other, ordered].map(({ id }) => id).toSorted(),
  )
  // What one hub is recording is read through the other, encrypted as it is, and leaves one trace.
  const running = await runToEnd(
    [...bundled("msh"), "play", "--speed", "1000", sync.id],
    cluster.variablesOf(identityOfB),
  )
  expect(running.stdout.toString()).toContain("all-shown")
  expect(running.stderr).toMatch(/is cut off: at byte \d+: the recording has no end\n$/)
  expect((await hubB.json<ReadonlyArray<unknown>>("audit", "ls", "--type", "session.recording.access")).length).toBe(1)
  const follow = ({ id }: { readonly id: string }) => [...bundled("msh"), "play", "--follow", id]
  const followsLost = new Program(follow(sync), cluster.variablesOf(identityOfB))
  const followsOther = new Terminal(follow(other), cluster.variablesOf(identityOfB))
  await followsLost.shows(/all-shown/)
  sync.terminal.type("echo while''-followed\r")
  await followsLost.shows(/while-followed\r\n/)
  const early = await runToEnd(follow(local), cluster.variablesOf(identityOfB))
  expect(early.stderr).toBe(
    `msh: session ${local.id} runs in the mode node: web-2 brings its recording when it has ended\n`,
  )
  await hubB.mezctl("sessions", "terminate", ordered.id, "--reason", "enough")
  expect((await ordered.terminal.ended()).status).toBe(255)

  cluster.hub.kill("SIGKILL")
  expect((await sync.terminal.ended()).status).toBe(255)
  expect((await local.terminal.ended()).status).toBe(255)
  other.terminal.type("echo still''-here\r")
  await other.terminal.shows(/still-here\r\n/)
  await followsOther.shows(/still-here\r\n/)
  // The identity names the lost hub first.
  const startedAt = performance.now()
  const ran = await runToEnd(await mshSsh.words(cluster, "web-1", { command: "echo here" }), cluster.userVariables)
  expect([ran.code, ran.stdout.toString(), ran.stderr]).toEqual([0, "here\n", ""])
  expect(performance.now() - startedAt).toBeLessThan(15_000)

  const told = async (type: string) =>
    (await hubB.json<ReadonlyArray<{ session_id: string }>>("audit", "ls", "--type", type)).map(
      ({ session_id }) => session_id,
    )
  await until("the agents bring to the other hub what they have", async () => {
    const ids = await told("session.recording.stored")
    return [sync, local, ordered].every(({ id }) => ids.includes(id))
  })
  for (const { id } of [sync, local, ordered]) {
    const verified = await cluster.msh("verify", id)
    expect([verified.stderr, verified.stdout.toString()]).toEqual(["", expect.stringMatching(/ is whole/)])
    expect((await cluster.msh("play", "--speed", "1000", id)).stdout.toString()).toContain("all-shown")
  }

  // Who follows them saw all of both, wherever it was recorded.
  expect((await followsLost.ended).stdout.toString()).toContain("while-followed")
  const left = cluster.partial(sync.id)
  expect(existsSync(left)).toBe(true)
  await cluster.startHub()
  await until("the agents are at the hub that is back", async () => {
    const { stdout } = await cluster.mezctl("nodes", "ls", "--format=json")
    return JSON.parse(stdout.toString()).every((node: { online: boolean }) => node.online)
  })
  other.terminal.type("exit 7\r")
  expect((await other.terminal.ended()).status).toBe(7)
  expect(await followsOther.ended()).toEqual({ status: 0, sane: true })
  await until("all are over", async () => (await sessionsAtB()).every(({ ended_at }) => ended_at !== null))
  const ids = (await sessionsAtB()).map(({ session_id }) => session_id).toSorted()
  expect(ids.length).toBe(5)
  await until("all are stored", async () => (await told("session.recording.stored")).length === 5)
  expect((await stored()).toSorted()).toEqual(ids.map((id) => `${id}.rec`))
  for (const type of ["session.start", "session.end", "session.recording.stored"]) {
    expect((await told(type)).toSorted()).toEqual(ids)
  }
  expect(await hubB.mezctl("audit", "verify")).toMatch(/OK/)
  expect((await cluster.mezctl("audit", "verify")).stdout.toString()).toMatch(/OK/)
}, 90_000)

it("goes on with what runs while the database is away, begins nothing, and is whole when it is back", async () => {
  const { terminal, id } = await shellOn("web-1", cluster.identity)
  const ready = () => statusOf(`https://${cluster.listen}/readyz`)
  await stores.postgres.crash()
  terminal.type("echo still''-here\r")
  await terminal.shows(/still-here\r\n/)
  const refused = await runToEnd(await mshSsh.words(cluster, "web-1", { command: "true" }), cluster.userVariables)
  expect([refused.code, refused.stdout.toString()]).toEqual([255, ""])
  expect(refused.stderr).toMatch(/^msh: .*database.*\n$/)
  expect(await ready()).toBe(503)
  terminal.type("exit 5\r")
  expect(await terminal.ended()).toEqual({ status: 255, sane: true })
  expect(terminal.text).toContain("mezite: the session has ended: the hub cannot store the recording now")
  await stores.postgres.restart()
  await until("it is stored", async () => (await stored()).includes(`${id}.rec`))
  expect((await cluster.msh("verify", id)).stdout.toString()).toMatch(/ is whole/)
  expect(await hubB.mezctl("audit", "verify")).toMatch(/OK/)
}, 90_000)
