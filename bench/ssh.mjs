// Measures sessions through plain sshd behind an sshd jump host, and through Mezite, in one run: bulk output, keystroke
// echo, memory of idle sessions, start-up. Needs root, OpenSSH (client and server), and `npm run build`.
//   node bench/ssh.mjs [--rounds 5] [--mib 200] [--keys 500] [--idle 20] [--only bulk,echo,idle,start]
import { execFileSync, spawn } from "node:child_process"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as pty from "node-pty"
import { bin, contendersOf, directory, setUp } from "./contenders.mjs"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    mib: { type: "string", default: "200" },
    keys: { type: "string", default: "500" },
    idle: { type: "string", default: "20" },
    only: { type: "string", default: "bulk,echo,idle,start" },
    contenders: {
      type: "string",
      default: "sshd,bare,off-proxy,sync-proxy,agentless-proxy,off-jump,sync-jump,agentless-jump",
    },
  },
})
const rounds = Number(values.rounds)
const bytes = Number(values.mib) * 1024 * 1024

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const percentile = (numbers, p) =>
  [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * p))]

const withOptions = ([program, ...rest], options) => [program, ...options, ...rest]

/** Seconds that one session takes to print the file, and whether every byte came. */
const bulkOnce = ({ command, mayLose = 0 }, file, expected) =>
  new Promise((resolve, reject) => {
    const [program, ...args] = [...withOptions(command, ["-tt"]), `stty -opost; cat ${file}`]
    const began = process.hrtime.bigint()
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] })
    let count = 0
    child.stdout.on("data", (data) => {
      count += data.length
    })
    child.on("close", (code) => {
      child.stdin.destroy()
      if (code !== 0 || count > expected || count < expected - mayLose)
        reject(new Error(`${program}: status ${code}, ${count} of ${expected} bytes`))
      else resolve(Number(process.hrtime.bigint() - began) / 1e9)
    })
  })

/** Milliseconds from each key to its echo. */
const echoOnce = ({ command }, keys) =>
  new Promise((resolve, reject) => {
    const [program, ...args] = [...withOptions(command, ["-tt"]), "stty -icanon -echo; exec cat"]
    const terminal = pty.spawn(program, args, { cols: 80, rows: 24 })
    const times = []
    let sent
    const type = () => {
      sent = process.hrtime.bigint()
      terminal.write(String.fromCharCode(97 + (times.length % 26)))
    }
    terminal.onData(() => {
      if (sent === undefined) return
      times.push(Number(process.hrtime.bigint() - sent) / 1e6)
      if (times.length === keys) terminal.kill("SIGKILL")
      else setTimeout(type, 4)
    })
    terminal.onExit(() => (times.length === keys ? resolve(times) : reject(new Error(`${program}: ended early`))))
    setTimeout(type, 1500)
  })

const rssOf = (pid) => {
  const smaps = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
  return Number(/^Pss:\s+(\d+)/m.exec(smaps)[1]) / 1024
}

const idleSessions = async ({ command, server }, count) => {
  const open = () =>
    new Promise((resolve) => {
      const [program, ...args] = withOptions(command, ["-tt"])
      const terminal = pty.spawn(program, args, { cols: 80, rows: 24 })
      terminal.onData(() => resolve(terminal))
    })
  const first = [await open(), await open(), await open()]
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const before = rssOf(server.pid)
  const more = []
  for (let index = 0; index < count; index++) more.push(await open())
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const after = rssOf(server.pid)
  for (const terminal of [...first, ...more]) terminal.kill("SIGKILL")
  return (after - before) / count
}

const logLine = (index) =>
  `2026-04-11T10:28:${String(index % 60).padStart(2, "0")}.${String(index % 1000).padStart(3, "0")}Z web-server-01 nginx[${
    1000 + (index % 97)
  }]: 10.${index % 7}.${index % 251}.${(index * 7) % 253} "GET /api/v1/items/${(index * 2654435761) % 1000003} HTTP/1.1" ${
    index % 17 === 0 ? 404 : 200
  } ${(index * 40503) % 65521}\n`

const makeFile = (file) => {
  const lines = []
  for (let length = 0, index = 0; length < 1024 * 1024; index++) {
    const line = logLine(index)
    lines.push(line)
    length += line.length
  }
  const block = Buffer.from(lines.join("")).subarray(0, 1024 * 1024)
  const out = Buffer.concat(Array.from({ length: bytes / block.length }, () => block))
  writeFileSync(file, out)
  chmodSync(file, 0o644)
  return out.length
}

const main = async () => {
  const setup = await setUp()
  const all = contendersOf(setup)
  const names = values.contenders.split(",")
  const only = new Set(values.only.split(","))
  const table = (title, rows) => {
    console.log(`\n${title}`)
    for (const row of rows)
      console.log(row.map((cell, at) => (at === 0 ? cell.padEnd(16) : cell.padStart(12))).join(""))
  }
  if (only.has("bulk")) {
    const file = join(directory, "log")
    const size = makeFile(file)
    const speeds = Object.fromEntries(names.map((name) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const name of names) speeds[name].push(size / 1e6 / (await bulkOnce(all[name], file, size)))
    }
    table(`bulk output, MB/s of ${values.mib} MiB, ${rounds} rounds`, [
      ["", "min", "median", "max", "ratio"],
      ...names.map((name) => [
        name,
        Math.min(...speeds[name]).toFixed(1),
        median(speeds[name]).toFixed(1),
        Math.max(...speeds[name]).toFixed(1),
        (median(speeds[name]) / median(speeds[names[0]])).toFixed(2),
      ]),
    ])
  }
  if (only.has("echo")) {
    const times = Object.fromEntries(names.map((name) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const name of names) times[name].push(...(await echoOnce(all[name], Number(values.keys) / rounds)))
    }
    const p50 = (name) => percentile(times[name], 0.5)
    table(`echo of a key, ms, ${values.keys} keys`, [
      ["", "p50", "p90", "p99", "ratio p50"],
      ...names.map((name) => [
        name,
        p50(name).toFixed(2),
        percentile(times[name], 0.9).toFixed(2),
        percentile(times[name], 0.99).toFixed(2),
        (p50(name) / p50(names[0])).toFixed(2),
      ]),
    ])
  }
  if (only.has("idle")) {
    const rows = []
    for (const name of names.filter((name) => name.endsWith("proxy"))) {
      rows.push([name, (await idleSessions(all[name], Number(values.idle))).toFixed(2)])
    }
    table(
      `memory of the agent, or without one of the hub, for each further idle session, MiB (PSS), ${values.idle} sessions`,
      rows,
    )
  }
  if (only.has("start")) {
    const time = (args) => {
      const began = process.hrtime.bigint()
      execFileSync(process.execPath, args, { stdio: "ignore" })
      return Number(process.hrtime.bigint() - began) / 1e6
    }
    const runs = {
      "node -e 0": ["-e", "0"],
      "msh --version": [bin("msh"), "--version"],
      "msh --help": [bin("msh"), "--help"],
    }
    const taken = Object.fromEntries(Object.keys(runs).map((name) => [name, []]))
    for (let round = 0; round < 15; round++) for (const name in runs) taken[name].push(time(runs[name]))
    table("start-up, ms", [
      ["", "", "median", "ratio"],
      ...Object.keys(runs).map((name) => [
        name,
        "",
        median(taken[name]).toFixed(0),
        (median(taken[name]) / median(taken["node -e 0"])).toFixed(2),
      ]),
    ])
  }
}

await main()
process.exit(0)
