import { execFileSync } from "node:child_process"
import { it } from "@effect/vitest"
import { describe, expect } from "vitest"
import { isRoot } from "./session.ts"

if (!isRoot) console.log("skipped: the other tests run unprivileged already")

describe("an agent that is not root", () => {
  it.skipIf(!isRoot)("is told so when a session as another user is wanted", async () => {
    const { build } = await import("esbuild")
    const { mkdtempSync, rmSync, chmodSync } = await import("node:fs")
    const folder = mkdtempSync(`${process.cwd()}/dist/unprivileged-`)
    try {
      chmodSync(folder, 0o755)
      const contents = [
        `import { Effect } from "effect"`,
        `import { LoginUser } from "./src/agent/terminal/LoginUser.ts"`,
        `const found = await Effect.runPromise(Effect.either(LoginUser.find("root")))`,
        `console.log(found._tag, found.left?.reason, found.left?.message)`,
      ].join("\n")
      const outfile = `${folder}/find.mjs`
      const stdin = { contents, resolveDir: process.cwd(), loader: "ts" as const }
      await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" })
      const drop = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, outfile]
      const said = execFileSync("setpriv", drop, { encoding: "utf8", cwd: "/" })
      expect(said).toContain("Left not-root this agent does not run as root (uid 65534)")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
