import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { isAlive } from "./support/isAlive.ts"
import { Program, runToEnd } from "./support/Program.ts"
import { SecondHub } from "./support/SecondHub.ts"
import { SharedStores } from "./support/SharedStores.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { jump, mshSsh } from "./support/ways.ts"

/** How soon whoever is cut off must be gone, once the command has returned; with what a busy machine takes longer. */
const limitMs = 2_000 + 1_500

const directory = mkdtempSync(join(tmpdir(), "mezite-e2e-"))
/** Alice's, by the hub that she comes to first. */
const identities = { a: join(directory, "alice.json"), b: join(directory, "alice-b.json") }

let stores: SharedStores
let cluster: Cluster
let hubB: SecondHub

beforeAll(async () => {
  stores = await SharedStores.start()
  const shared = { ...stores.variables, MEZITE_SPOOL_MIN_FREE: "1MiB" }
  cluster = await Cluster.start({ directory, hub: shared, targets: ["db-1"] })
  hubB = await SecondHub.start(directory, shared)
  await until("the nodes are at both", async () => {
    const nodes = await hubB.json<ReadonlyArray<{ online: boolean }>>("nodes", "ls")
    return nodes.every(({ online }) => online)
  })
  await hubB.mezctl("auth", "sign", "--user", "alice", "--ttl", "1h", "--out", identities.b)
}, 120_000)
afterAll(async () => {
  await cluster?.stop()
  await stores?.stop()
})

/** A shell on a node, by way of one hub. */
const openShell = async (hub: keyof typeof identities, node: string) => {
  const terminal = new Terminal(await mshSsh.words(cluster, node), cluster.variablesOf(identities[hub]))
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  terminal.type("echo 'session' \"$MEZITE_SESSION_ID $$ here\"\r")
  const [, id = "", pid] = await terminal.shows(/session (\S*) ?(\d+) here\r\n/)
  return { terminal, id, pid: Number(pid) }
}
type Shell = Awaited<ReturnType<typeof openShell>>

const expectCutOff = async ({ terminal, pid }: Shell, words: string) => {
  const since = performance.now()
  expect(await terminal.ended()).toEqual({ status: 255, sane: true })
  await until("the shell is gone", () => !isAlive(pid))
  expect(performance.now() - since).toBeLessThan(limitMs)
  expect(terminal.text).toContain(`\r\nmezite: the session has ended: ${words}\r\n`)
}

const expectRefused = async (words: string) => {
  for (const [way, hub] of [
    [mshSsh, "a"],
    [mshSsh, "b"],
    [jump, "a"],
  ] as const) {
    for (const node of ["web-1", "db-1"]) {
      const tried = await way.words(cluster, node, { command: "echo in", identity: identities[hub] })
      const ended = await runToEnd(tried, cluster.variablesOf(identities[hub]))
      expect(ended).toMatchObject({ code: 255, stderr: expect.stringContaining(words) })
    }
  }
}

it.each([
  ["a user", ["--user", "alice"], "alice is locked: suspect"],
  ["a login", ["--login", login], `the login ${login} is locked: suspect`],
])(
  "a lock on %s made at one hub ends what goes by both, and keeps out at both",
  async (_, target, words) => {
    const shells = [
      await openShell("a", "web-1"),
      await openShell("b", "web-1"),
      await openShell("a", "db-1"),
      await openShell("b", "db-1"),
    ]
    const config = await cluster.sshConfig(identities.b)
    const idle = ["ssh", "-F", config, "-v", "-N", "-J", `alice@${hubB.ssh}`, `${login}@web-1.mezite`]
    const connection = new Program(idle, cluster.variablesOf(identities.b))
    await until("the connection stands", () => /Entering interactive session/.test(connection.stderr))
    const lock = (await hubB.mezctl("locks", "add", ...target, "--reason", "suspect")).trim()
    await Promise.all(shells.map((shell) => expectCutOff(shell, words)))
    expect(await connection.ended).toMatchObject({ code: 255, stderr: expect.stringContaining(words) })
    await expectRefused(words)
    await cluster.mezctl("locks", "rm", lock)
    for (const [hub, node] of [
      ["a", "db-1"],
      ["b", "web-1"],
    ] as const) {
      const words = await mshSsh.words(cluster, node, { command: "echo in" })
      const tried = async () => (await runToEnd(words, cluster.variablesOf(identities[hub]))).code === 0
      await until(`${node} lets alice in again`, tried)
    }
  },
  90_000,
)

it.each(["web-1", "db-1"])("an admin at one hub ends a session on %s that goes by the other", async (node) => {
  const [shell, other] = [await openShell("b", node), await openShell("b", node)]
  const active = await until("both are listed", async () => {
    const found = (await cluster.sessions()).filter(({ ended_at }) => ended_at === null)
    return found.length === 2 && found
  })
  const id = shell.id === "" ? (active.at(-1)?.session_id ?? "") : shell.id
  await cluster.mezctl("sessions", "terminate", id, "--reason", "lunch")
  await expectCutOff(shell, "terminated by local-admin: lunch")
  const again = await cluster.tryMezctl("sessions", "terminate", id)
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/^mezctl: session \S+ is over: it ended at /) })
  other.terminal.type("exit 3\r")
  expect((await other.terminal.ended()).status).toBe(3)
})
