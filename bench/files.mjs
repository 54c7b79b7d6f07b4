// Measures file transfers through plain sshd behind an sshd jump host, and through Mezite, in one run: throughput both ways, the
// agent's memory, and what they add to the recordings. Needs root, OpenSSH (client and server), and `npm run build`.
//   node bench/files.mjs [--rounds 3] [--mib 1024] [--contenders sshd,sync-proxy,sync-jump]
import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { contendersOf, directory, setUp } from "./contenders.mjs"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    mib: { type: "string", default: "1024" },
    contenders: { type: "string", default: "sshd,sync-proxy,sync-jump" },
  },
})
const mebibyte = 1024 * 1024
const rounds = Number(values.rounds)
const bytes = Number(values.mib) * mebibyte

/** Random, so that nothing on the way can make it smaller. */
const makeFile = (path) => {
  const fd = openSync(path, "w")
  for (let at = 0; at < bytes; at += mebibyte) writeSync(fd, randomBytes(mebibyte))
  closeSync(fd)
}

const digestOf = (path) => {
  const [fd, hash, buffer] = [openSync(path, "r"), createHash("sha256"), Buffer.alloc(mebibyte)]
  for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) hash.update(buffer.subarray(0, count))
  closeSync(fd)
  return hash.digest("hex")
}

/** The words of ssh as scp takes them, and the destination. */
const scpOf = ({ command }) => {
  const words = command
    .slice(1, -1)
    .map((word, index, all) => (word === "-p" && /^\d+$/.test(all[index + 1]) ? "-P" : word))
  return { options: words, host: command.at(-1) }
}

const transfers = {
  "scp up": ({ options, host }, here, there) => ["scp", "-q", ...options, here, `${host}:${there}`],
  "scp down": ({ options, host }, here, there) => ["scp", "-q", ...options, `${host}:${here}`, there],
  "scp -O up": ({ options, host }, here, there) => ["scp", "-O", "-q", ...options, here, `${host}:${there}`],
  "scp -O down": ({ options, host }, here, there) => ["scp", "-O", "-q", ...options, `${host}:${here}`, there],
}

/** The highest resident size of a process since the last time, in MiB. */
const peakOf = (pid) => {
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024
  writeFileSync(`/proc/${pid}/clear_refs`, "5")
  return peak
}

const sizeOf = (path) =>
  readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0)

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

const once = (words) => {
  const began = process.hrtime.bigint()
  execFileSync(words[0], words.slice(1), { stdio: ["ignore", "inherit", "inherit"] })
  return Number(process.hrtime.bigint() - began) / 1e9
}

const setup = await setUp()
const all = contendersOf(setup)
const names = values.contenders.split(",")
const [here, there] = [join(directory, "here"), join(directory, "there")]
makeFile(here)
const digest = digestOf(here)
const recordings = join(directory, "hub", "recordings")
const [before, memory] = [sizeOf(recordings), peakOf(setup.agents.sync.pid)]
const row = (cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(12))).join(""))

row([`MB/s, ${values.mib} MiB`, ...names.flatMap((name) => [name, "ratio"])])
for (const [title, words] of Object.entries(transfers)) {
  const speeds = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      speeds[name].push(bytes / 1e6 / once(words(scpOf(all[name]), here, there)))
      if (digestOf(there) !== digest) throw new Error(`${title} by ${name}: not the same bytes`)
      rmSync(there)
    }
  }
  const base = median(speeds[names[0]])
  row([title, ...names.flatMap((name) => [median(speeds[name]).toFixed(1), (median(speeds[name]) / base).toFixed(2)])])
}
const count = rounds * names.filter((name) => name.startsWith("sync")).length * Object.keys(transfers).length
console.log(`agent: ${memory.toFixed(0)} MiB before, ${peakOf(setup.agents.sync.pid).toFixed(0)} MiB at most`)
console.log(`recordings: ${sizeOf(recordings) - before} bytes more after ${count} transfers`)
process.exit(0)
