import { mkdtemp } from "node:fs/promises"
import { join, resolve } from "node:path"
import { build } from "esbuild"

const entry = (name: string): string => `
import { runMain } from "@effect/platform-node/NodeRuntime"
import { Exit, Cause } from "effect"
import { ${name} } from "./src/cli/${name}/main.ts"
runMain(${name}(process), {
  disableErrorReporting: true,
  teardown: (exit, done) => done(Exit.isSuccess(exit) ? exit.value : Cause.isInterruptedOnly(exit.cause) ? 130 : 1),
})`

/** Bundles `msh` or `mezctl` with its lazily loaded parts, as the real build does, and gives the path to run with node. */
export const buildProgram = async (name: "msh" | "mezctl"): Promise<string> => {
  const directory = await mkdtemp(join(resolve("node_modules"), ".test-cli-"))
  await build({
    stdin: { contents: entry(name), resolveDir: resolve("."), loader: "ts" },
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // Bundled with the programs here, so that one file more or less of ssh2 makes no difference; its addons are optional.
    external: ["node-pty", "cpu-features", "*.node", "libsql", "msgpackr-extract", "bufferutil", "utf-8-validate"],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname;',
    },
    logLevel: "error",
    outExtension: { ".js": ".mjs" },
  })
  return join(directory, "stdin.mjs")
}
