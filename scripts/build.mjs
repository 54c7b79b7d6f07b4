// Builds dist/: the four programs, each bundled with its lazily loaded parts, and the library with its types.
import { spawnSync } from "node:child_process"
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

process.chdir(fileURLToPath(new URL("..", import.meta.url)))
rmSync("dist", { recursive: true, force: true })

await build({
  entryPoints: readdirSync("src/bin")
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/bin/${name}`),
  outdir: "dist/bin",
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  platform: "node",
  format: "esm",
  target: "node20",
  minify: true,
  keepNames: true,
  legalComments: "none",
  // Native addons, and what loads them, stay outside of bundles.
  external: ["node-pty", "ssh2", "libsql", "better-sqlite3", "msgpackr-extract", "bufferutil", "utf-8-validate"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
})
for (const name of readdirSync("dist/bin")) if (name.endsWith(".js")) chmodSync(`dist/bin/${name}`, 0o755)

const types = spawnSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" })
process.exit(types.status ?? 1)
