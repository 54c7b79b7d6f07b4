import { join } from "node:path"
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

/** What CommonJS modules in a bundle expect to find. */
const commonJs = [
  'import { createRequire as __createRequire } from "node:module";',
  'import { dirname as __pathDirname } from "node:path";',
  'import { fileURLToPath as __urlToPath } from "node:url";',
  "const require = __createRequire(import.meta.url);",
  "const __filename = __urlToPath(import.meta.url);",
  "const __dirname = __pathDirname(__filename);",
].join("")

/** Bundles programs, each with its lazily loaded parts, into a directory; to be called where package.json is. */
export const bundle = (entryPoints, outdir) =>
  build({
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    format: "esm",
    target: "node20",
    minify: true,
    keepNames: true,
    legalComments: "none",
    logLevel: "error",
    // Native addons, and what loads them, stay outside of bundles; but what is only JavaScript around one is bundled.
    plugins: [nativeAddons],
    external: ["libsql", "msgpackr-extract", "bufferutil", "utf-8-validate"],
    banner: { js: commonJs },
  })
