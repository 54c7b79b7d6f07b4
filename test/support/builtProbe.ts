import { execFileSync, spawnSync } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"

// Builds the probe of enhanced recording where it is older than its sources, and tries whether it runs on this machine.

const folder = "src/agent/enhanced/probe"

/** The probe. */
export const probe = resolve("dist/native/probe")

const build = (): string | undefined => {
  const changed = Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs))
  if ((statSync(probe, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= changed) return undefined
  const { status, stderr } = spawnSync(process.execPath, [`${folder}/build.mjs`], { encoding: "utf8" })
  return status === 0 ? undefined : stderr.trim()
}

/** It ends by itself, its input being empty, if it could be loaded. */
const run = (): string | undefined => {
  const { status, stderr } = spawnSync(probe, { input: "", encoding: "utf8" })
  return status === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `status ${status}`)
}

const whyNot = (): string | undefined => {
  if (process.getuid?.() !== 0) return "the tests do not run as root"
  return build() ?? run()
}

/** Why enhanced recording cannot be tried on this machine; undefined where it can. */
export const noProbe = whyNot()

if (noProbe !== undefined) console.log(`enhanced recording is not tried: ${noProbe}`)

/** Compiles a C program for a test, statically linked. */
export const compileStatic = (source: string, output: string): void => {
  execFileSync("gcc", ["-O1", "-static", "-x", "c", "-", "-o", output], { input: source })
}
