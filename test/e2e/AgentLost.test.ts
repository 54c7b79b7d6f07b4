import { renameSync } from "node:fs"
import { join } from "node:path"
import { Either } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { KeyRing, MasterKey } from "../../src/recording/index.ts"
import { Cluster } from "./support/Cluster.ts"
import { filesUnder } from "./support/filesUnder.ts"
import { isAlive } from "./support/isAlive.ts"
import { keyShare } from "./support/keyShare.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const key = "8f".repeat(32)
const modes = ["node-sync", "node", "off"] as const
type Mode = (typeof modes)[number]

const openShell = async (cluster: Cluster, node: string) => {
  const terminal = new Terminal(await mshSsh.words(cluster, node), cluster.userVariables)
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  terminal.type('echo "shell $$ here"\r')
  const [, shell] = await terminal.shows(/\rshell (\d+) here\r\n[\s\S]*[#$] $/)
  return { terminal, shell: Number(shell) }
}

/** As where the hub had refused it, and the cause is mended. */
const setAsideAndRetry = async (cluster: Cluster, mode: Mode) => {
  const [one] = await cluster.spool(mode)
  const id = one?.session_id ?? ""
  const spool = join(cluster.agentDirectory(mode), "agent/spool")
  for (const kind of ["rec", "state"]) renameSync(join(spool, `${id}.${kind}`), join(spool, `rejected/${id}.${kind}`))
  expect(await cluster.spool(mode)).toMatchObject([{ session_id: id, state: "set_aside" }])
  const retry = (...words: ReadonlyArray<string>) =>
    runToEnd([...bundled("mezd"), "spool", "retry", ...words], cluster.agentVariables(mode))
  const unknown = "00000000-0000-4000-8000-000000000000"
  const [which, none, done] = await Promise.all([retry(), retry(unknown), retry("--all")])
  expect([which.code, which.stderr]).toEqual([2, "mezd: spool retry: which? Give their ids, or --all\n"])
  const notThere = `mezd: no recording ${unknown} is set aside; \`mezd spool ls\` lists what there is\n`
  expect([none.code, none.stderr]).toEqual([1, notThere])
  expect([done.code, done.stdout.toString()]).toEqual([0, `${id} goes to the hub once the agent runs\n`])
  expect(await cluster.spool(mode)).toMatchObject([{ session_id: id, state: "waiting" }])
}

/** Nothing of what was typed and shown is on a disk, of agents as of the hub. */
const expectHidden = (cluster: Cluster, shells: ReadonlyArray<number>) => {
  const directories = [cluster.hubDirectory, ...modes.map((mode) => cluster.agentDirectory(mode))]
  const files = directories.flatMap((directory) => filesUnder(directory))
  expect(files.filter(([path, content]) => path.endsWith(".rec") && content.length > 0).length).toBeGreaterThan(2)
  const clear = ["shell $$ here", ...shells.map((shell) => `shell ${shell} here`)]
  const found = files.filter(([, content]) => clear.some((text) => content.includes(text)))
  expect(found.map(([path]) => path)).toEqual([])
}

it("a session whose agent is killed is ended by the hub, and completed when the agent is back, in every mode", async () => {
  const cluster = await Cluster.start({
    hub: { MEZITE_RECORDING_ORPHAN_AFTER: "1s", MEZITE_RECORDING_ENC_KEY: key },
    nodes: Object.fromEntries(modes.map((mode) => [mode, { MEZITE_RECORDING_MODE: mode }])),
  })
  onTestFinished(() => cluster.stop())
  const shells = await Promise.all(modes.map((mode) => openShell(cluster, mode)))
  const session = async (mode: Mode) => (await cluster.sessions()).find(({ node }) => node === mode)
  const active = JSON.parse((await cluster.mezctl("sessions", "ls", "--active", "--format=json")).stdout.toString())
  expect(active.map(({ mode }: { mode: Mode }) => mode).sort()).toEqual([...modes].sort())

  const pids = shells.map(({ shell }) => shell)
  expectHidden(cluster, pids)
  for (const mode of modes) cluster.agent(mode).kill("SIGKILL")
  for (const [index, { terminal, shell }] of shells.entries()) {
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toContain(
      `\r\nmsh: the connection to ${modes[index]} was lost, and the session with it; what was recorded of it is kept until the hub has it all\r\n`,
    )
    await until("the shell is gone", () => !isAlive(shell))
  }

  for (const mode of modes) {
    const lost = await until(`the hub ends the session in ${mode}`, async () => {
      const found = await session(mode)
      return found !== undefined && found.ended_at !== null && found
    })
    expect(lost).toMatchObject({ status: mode === "off" ? "unrecorded" : "interrupted", reason: "agent lost" })
    expect(Date.parse(lost.ended_at ?? "")).toBeGreaterThan(Date.parse(lost.started_at))
    expect(await cluster.spool(mode)).toMatchObject([
      { session_id: lost.session_id, mode, state: "waiting", reason: "the agent does not run", next_attempt_at: null },
    ])
    if (mode === "off") continue
    expect((await cluster.msh("verify", lost.session_id)).stdout.toString()).toMatch(
      / is whole: .*; the session was interrupted: agent lost\n$/,
    )
  }
  const table = await runToEnd([...bundled("mezd"), "spool", "ls"], cluster.agentVariables("node"))
  expect(table.stdout.toString()).toMatch(
    /^SESSION ID +USER +MODE +STARTED +BYTES +STATE +NEXT ATTEMPT +WHY\n\S+ +alice +node +\S+Z +\d+ +waiting +- +the agent does not run\n$/,
  )

  expectHidden(cluster, pids)
  await setAsideAndRetry(cluster, "node")
  await Promise.all(modes.map((mode) => cluster.startAgent(mode)))
  for (const [index, mode] of modes.entries()) {
    await until("the agent's copy is brought to the hub", async () => (await cluster.spool(mode)).length === 0)
    const found = await session(mode)
    expect(found).toMatchObject({ reason: "the agent was killed", exit_code: null })
    if (found === undefined || mode === "off") continue
    const keys = new KeyRing(Either.getOrThrow(MasterKey.fromHex(key))).withShare(keyShare(cluster, found.session_id))
    const [shown = ""] = shells[index]?.terminal.text.split("\r\nmsh: ") ?? []
    expect(storedRecording(cluster.recording(found.session_id), { keys }).output.toString()).toBe(shown)
    expect((await cluster.msh("verify", found.session_id)).code).toBe(0)
    const stored = (await cluster.audit("session.recording.stored")).filter(
      (one) => one.session_id === found.session_id,
    )
    expect(stored.map(({ detail }) => detail.completes)).toEqual([true, false])
  }
  for (const type of ["session.start", "session.end"] as const) {
    const told = (await cluster.audit(type)).map(({ session_id }) => session_id)
    expect(told.toSorted()).toEqual((await cluster.sessions()).map(({ session_id }) => session_id).toSorted())
  }
})
