import { execFileSync } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"

/** What the programs are made of. */
const sources = ["src", "scripts", "package.json", "package-lock.json"]
/** One file of the build that is written late. */
const built = resolve("dist/native/launch")

const changedAt = (path: string): number => {
  const found = statSync(path)
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))))
}

/** Builds `dist/` before the first e2e test, where it is older than its sources. */
export default function build(): void {
  const builtAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (builtAt >= Math.max(...sources.map(changedAt))) return
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" })
}
