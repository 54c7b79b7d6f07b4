// Builds dist/: the four programs, each bundled with its lazily loaded parts, and the library with its types.
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** Addons are loaded from where npm built them. */
const nativeAddons = {
  name: "native-addons",
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => {
      const [, within] = join(resolveDir, path).split("/node_modules/")
      return { path: within, external: true }
    })
  },
}

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
  // Native addons, and what loads them, stay outside of bundles; but what is only JavaScript around one is bundled.
  plugins: [nativeAddons],
  external: ["libsql", "msgpackr-extract", "bufferutil", "utf-8-validate"],
  // What CommonJS modules in the bundle expect to find.
  banner: {
    js: [
      'import { createRequire as __createRequire } from "node:module";',
      'import { dirname as __pathDirname } from "node:path";',
      'import { fileURLToPath as __urlToPath } from "node:url";',
      "const require = __createRequire(import.meta.url);",
      "const __filename = __urlToPath(import.meta.url);",
      "const __dirname = __pathDirname(__filename);",
    ].join(""),
  },
})
for (const name of readdirSync("dist/bin")) if (name.endsWith(".js")) chmodSync(`dist/bin/${name}`, 0o755)

execFileSync(process.execPath, ["src/agent/terminal/native/build.mjs"], { stdio: "inherit" })

const types = spawnSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" })
process.exit(types.status ?? 1)
