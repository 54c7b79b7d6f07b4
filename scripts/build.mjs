// Builds dist/, or only the parts that are named: `programs` (each bundled with its lazily loaded parts), `native` (the
// agent's own), `library` (with its types).
import { execFileSync } from "node:child_process"
import { chmodSync, readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { bundle } from "./bundle.mjs"

const parts = {
  library: () => {
    rmSync("dist/lib", { recursive: true, force: true })
    execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" })
  },
  programs: async () => {
    rmSync("dist/bin", { recursive: true, force: true })
    const programs = readdirSync("src/bin").filter((name) => name.endsWith(".ts"))
    await bundle(
      programs.map((name) => `src/bin/${name}`),
      "dist/bin",
    )
    for (const name of programs) chmodSync(`dist/bin/${name.replace(/ts$/, "js")}`, 0o755)
  },
  native: () => execFileSync(process.execPath, ["src/agent/terminal/native/build.mjs"], { stdio: "inherit" }),
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(parts, name))
if (unknown !== undefined) {
  console.error(`build: there is no part "${unknown}"; there are ${Object.keys(parts).join(", ")}`)
  process.exit(2)
}

process.chdir(fileURLToPath(new URL("..", import.meta.url)))
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
  try {
    await parts[name]()
  } catch (error) {
    // A compiler has told already what is wrong with what it was given.
    console.error(`build: ${name} failed: ${error.message}`)
    process.exit(1)
  }
}
