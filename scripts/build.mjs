// Builds dist/: the four programs, each bundled with its lazily loaded parts, and the library with its types.
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { bundle } from "./bundle.mjs"

process.chdir(fileURLToPath(new URL("..", import.meta.url)))
rmSync("dist", { recursive: true, force: true })

await bundle(
  readdirSync("src/bin")
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/bin/${name}`),
  "dist/bin",
)
for (const name of readdirSync("dist/bin")) if (name.endsWith(".js")) chmodSync(`dist/bin/${name}`, 0o755)

execFileSync(process.execPath, ["src/agent/terminal/native/build.mjs"], { stdio: "inherit" })

const types = spawnSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" })
process.exit(types.status ?? 1)
