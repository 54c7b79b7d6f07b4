// Builds the agent's native part into dist/native: `pty.node`, `sockets.node` and `launch`. Needs a C++ compiler and Node's headers.
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const target = join(here, "..", "..", "..", "..", "dist", "native")

const includes = [process.env.npm_config_nodedir, dirname(dirname(process.execPath)), "/usr", "/usr/local"]
  .filter((root) => root !== undefined && root !== "")
  .map((root) => join(root, "include", "node"))
const headers = includes.find((folder) => existsSync(join(folder, "node_api.h")))
if (headers === undefined) {
  console.error(`node_api.h is in none of ${includes.join(", ")}: install Node's headers, or set npm_config_nodedir`)
  process.exit(1)
}

const compiler = process.env.CXX ?? "g++"
const flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fstack-protector-strong", "-D_GNU_SOURCE"]

const addon = (name) => ["-fPIC", "-shared", "-I", headers, `-DNODE_GYP_MODULE_NAME=mezite_${name}`]

/** Written beside its place and then renamed: a running agent keeps the file that it has open. */
const compile = (source, output, extra) => {
  const temporary = join(target, `${output}.${process.pid}`)
  execFileSync(compiler, [...flags, ...extra, join(here, source), "-o", temporary], { stdio: "inherit" })
  renameSync(temporary, join(target, output))
}

mkdirSync(target, { recursive: true })
compile("pty.cc", "pty.node", addon("pty"))
compile("sockets.cc", "sockets.node", addon("sockets"))
compile("launch.cc", "launch", ["-fPIE", "-pie"])
