// Runs test/chaos/main.ts: `npm run chaos -- --help` tells what it does. Builds the programs first where they are older than
// their sources.
import { mkdtempSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { bundle } from "./bundle.mjs"

process.chdir(fileURLToPath(new URL("..", import.meta.url)))
// Beside the packages that stay outside of bundles.
const directory = mkdtempSync(join(resolve("node_modules"), ".chaos-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
await bundle(["test/e2e/support/build.ts", "test/chaos/main.ts"], directory)
const load = (path) => import(pathToFileURL(join(directory, path)).href)
const { default: build } = await load("e2e/support/build.js")
build()
await load("chaos/main.js")
