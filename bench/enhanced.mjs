// Measures what enhanced recording costs the programs that it follows, and those that it does not, in one run: seconds of
// processor time and on the clock. Needs root, OpenSSH's client, make and gcc, `npm run build` and `npm run build:probe`.
//   node bench/enhanced.mjs [--rounds 5]
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { contendersOf, directory, setUp } from "./contenders.mjs"

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } })
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

const act = join(directory, "act")
execFileSync("gcc", ["-O1", "-o", act, fileURLToPath(new URL("../fixtures/enhanced/act.c", import.meta.url))])

/** A project of many small files: make starts a shell, the compiler, its parts and the assembler for each. */
const project = join(directory, "project")
mkdirSync(project)
for (let index = 0; index < 40; index++) {
  writeFileSync(
    join(project, `part${index}.c`),
    `#include <stdio.h>\nint part${index}(void) { return puts("${index}"); }\n`,
  )
}
const objects = Array.from({ length: 40 }, (_, index) => `part${index}.o`).join(" ")
writeFileSync(join(project, "Makefile"), `all: ${objects}\nclean:\n\trm -f *.o\n`)
const targets = Array.from({ length: 500 }, (_, index) => `t${index}`).join(" ")
writeFileSync(join(project, "forks.mk"), `all: ${targets}\n${targets}:\n\t@/bin/true; /bin/true\n`)

const workloads = {
  "make, gcc of 40 files": `make -s -C ${project} clean all`,
  "make, 1,500 processes": `make -s -C ${project} -f forks.mk`,
  "200,000 opens": `${act} opens ${join(project, "Makefile")} 200000`,
  "2,000,000 system calls": "dd if=/dev/zero of=/dev/null bs=1 count=1000000 status=none",
}

/** Seconds on the clock and of processor time that it takes in a session. */
const measure = ({ command: [program, ...words] }, workload) => {
  const timed = `bash --norc -c 'TIMEFORMAT="%R %U %S"; time ${workload}' 2>&1`
  const line = execFileSync(program, [...words, timed], { encoding: "utf8" })
    .trim()
    .split("\n")
    .at(-1)
  const [clock, user, system] = line.split(" ").map(Number)
  return { clock, cpu: user + system }
}

const setup = await setUp()
const all = contendersOf(setup)
const watched = { command: all["sync-proxy"].command.map((word) => word.replace("sync.mezite", "watched.mezite")) }
const taken = {}
const take = (how, contender) => {
  for (const [name, workload] of Object.entries(workloads)) {
    const { clock, cpu } = measure(contender, workload)
    taken[name] ??= {}
    taken[name][how] ??= { clock: [], cpu: [] }
    taken[name][how].clock.push(clock)
    taken[name][how].cpu.push(cpu)
  }
}
for (let round = 0; round < Number(values.rounds); round++) {
  take("no probe", all["sync-proxy"])
  const agent = await setup.startAgent("watched", { MEZITE_RECORDING_MODE: "node-sync", MEZITE_BPF_ENABLED: "true" })
  take("not followed", all["sync-proxy"])
  take("followed", watched)
  agent.removeAllListeners("exit")
  const ended = once(agent, "exit")
  agent.kill("SIGTERM")
  await ended
}

console.log(`medians of ${values.rounds} rounds`)
const row = (first, ...cells) => console.log(first.padEnd(24) + cells.map((cell) => `${cell}`.padStart(16)).join(""))
row("", "no probe, CPU s", "not followed", "followed", "followed, clock")
for (const [name, { "no probe": none, "not followed": beside, followed }] of Object.entries(taken)) {
  const base = median(none.cpu)
  const ratio = (numbers, by) => (median(numbers) / by).toFixed(3)
  row(
    name,
    base.toFixed(2),
    ratio(beside.cpu, base),
    ratio(followed.cpu, base),
    ratio(followed.clock, median(none.clock)),
  )
}
process.exit(0)
