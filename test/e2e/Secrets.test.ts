import { execFileSync, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { hasProgram } from "./support/hasProgram.ts"
import { Relay } from "./support/Relay.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const modes = ["node-sync", "node", "off"] as const
const isRoot = process.getuid?.() === 0
const secretWord = () => `Sec-${randomBytes(9).toString("hex")}`

/** A prompt that hides what is typed: how to get it, and what is shown once it has been answered. */
interface Prompt {
  readonly name: string
  /** Shows the terminal that hides as `at=/dev/pts/N,`, then hides. */
  readonly command: string
  /** How often it asks for the same. */
  readonly asks: number
  readonly answered: (secret: string) => RegExp
}

const length = (secret: string) => new RegExp(`got ${secret.length}\\r?\\n`)
const readHidden = "echo at=$(tty),; read -s S; echo; echo got $(printf %s $S | wc -c)"

const prompts = (folder: string, account: string | undefined): ReadonlyArray<Prompt> => [
  { name: "read -s", command: readHidden, asks: 1, answered: length },
  {
    name: "a prompt as sudo's",
    command:
      "echo at=$(tty),; printf '[sudo] password for you: '; stty -echo; head -1 | tr -d '\\n' | wc -c | sed 's/^/got /'; stty echo",
    asks: 1,
    answered: length,
  },
  {
    name: "a passphrase as ssh asks for it",
    command: `echo at=$(tty),; ssh-keygen -y -f ${folder}/key >/dev/null || echo wr''ong; echo go''on`,
    asks: 1,
    answered: () => /wrong\r?\ngoon\r?\n/,
  },
  {
    name: "a prompt at a terminal of a program's own",
    command: `script -qc '${readHidden}' /dev/null`,
    asks: 1,
    answered: length,
  },
  ...(hasProgram("sudo") && isRoot
    ? [{ name: "a prompt under sudo", command: `sudo bash -c '${readHidden}'`, asks: 1, answered: length }]
    : []),
  ...(account === undefined
    ? []
    : [
        {
          name: "passwd",
          command: `echo at=$(tty),; passwd ${account}`,
          asks: 2,
          answered: () => /password updated successfully/,
        },
      ]),
]

/** Whether what is typed at this terminal is hidden. */
const hides = (tty: string): boolean =>
  / -echo /.test(spawnSync("stty", ["-F", tty, "-a"], { encoding: "utf8" }).stdout.replaceAll(/\s+/g, " "))

/** Everything in a folder's files, those below too. */
const filesIn = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
  )

let cluster: Cluster
const relays: Array<Relay> = []
let account: string | undefined
beforeAll(async () => {
  cluster = await Cluster.start({
    hub: { MEZITE_TLS: "off", MEZITE_LOG_LEVEL: "Trace" },
    nodes: Object.fromEntries(modes.map((mode) => [mode, { MEZITE_RECORDING_MODE: mode, MEZITE_LOG_LEVEL: "Trace" }])),
    throughTo: async (listen) => {
      const relay = await Relay.start(Number(listen.split(":")[1]))
      relays.push(relay)
      relay.keep()
      return relay.address
    },
  })
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", secretWord(), "-f", join(cluster.directory, "key")])
  if (isRoot) {
    account = `mezs${process.pid.toString(36)}`
    execFileSync("useradd", ["-M", account])
  }
})
afterAll(async () => {
  if (account !== undefined) execFileSync("userdel", [account], { stdio: "ignore" })
  for (const relay of relays) relay.close()
  await cluster?.stop()
})

it.each(modes)("what is typed unseen is nowhere in the mode %s: in no file, no log, not on the wire", async (mode) => {
  const terminal = new Terminal(await mshSsh.words(cluster, mode), cluster.userVariables, { cols: 300, rows: 50 })
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  // What is typed openly is found, or not finding the rest would mean nothing.
  const open = secretWord()
  terminal.type(`: ${open}; PS1='rea''dy> '\r`)
  await terminal.shows(/ready> /)

  const secrets: Array<string> = []
  for (const { name, command, asks, answered } of prompts(cluster.directory, account)) {
    const secret = secretWord()
    secrets.push(secret)
    const before = terminal.text.length
    const shown = (pattern: RegExp) =>
      until(`${name}: ${pattern}`, () => pattern.exec(terminal.text.slice(before)) ?? undefined)
    terminal.type(`${command}\r`)
    const [, tty = ""] = await shown(/at=(\/dev\/pts\/\d+),/)
    for (let ask = 0; ask < asks; ask++) {
      await until(`${name} hides`, () => hides(tty))
      terminal.type(`${secret}\r`)
      if (ask + 1 < asks) await shown(/Retype new password/)
    }
    await shown(answered(secret))
    // A program that passes typing on would take what is typed before it has ended.
    await shown(/ready> /)
  }
  terminal.type("exit\r")
  await terminal.ended()
  await until("the hub knows the end", async () => (await cluster.sessions()).every((one) => one.ended_at !== null))

  const logs = [...cluster.agents.values(), cluster.hub].flatMap(({ stdout, stderr }) => [stdout, stderr]).join("")
  const kept = [
    filesIn(cluster.hubDirectory),
    filesIn(cluster.agentDirectory(mode)),
    Buffer.from(logs),
    ...relays.map(({ kept }) => kept),
  ]
  const everything = Buffer.concat(kept)
  expect(everything.includes(open)).toBe(mode !== "off")
  expect(secrets.filter((secret) => everything.includes(secret) || terminal.text.includes(secret))).toEqual([])
  expect(secrets.length).toBe(prompts("", account).length)
})
