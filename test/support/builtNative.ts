import { execFileSync } from "node:child_process"
import { statSync } from "node:fs"

// Builds the native part where it is older than its sources: to be imported by tests that use it.

const modified = (path: string): number => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 0 : stat.mtimeMs
}

const native = "src/agent/terminal/native"
const sources = ["pty.cc", "hidden_typing.h", "sockets.cc", "launch.cc"].map((file) => modified(`${native}/${file}`))
const built = ["pty.node", "sockets.node", "launch"].map((file) => modified(`dist/native/${file}`))
if (Math.min(...built) < Math.max(...sources)) execFileSync(process.execPath, [`${native}/build.mjs`])
