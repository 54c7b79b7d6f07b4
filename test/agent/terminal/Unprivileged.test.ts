import { execFileSync } from "node:child_process"
import { it } from "@effect/vitest"
import { describe, expect } from "vitest"
import { isRoot } from "./session.ts"

if (!isRoot) console.log("skipped: the other tests run unprivileged already")

describe("an agent that is not root", () => {
  it.skipIf(!isRoot)("serves its own user, and is told so when another is wanted", async () => {
    const { build } = await import("esbuild")
    const { mkdtempSync, rmSync, chmodSync } = await import("node:fs")
    const folder = mkdtempSync(`${process.cwd()}/dist/unprivileged-`)
    try {
      chmodSync(folder, 0o755)
      const contents = [
        `import { Effect, Option, Stream } from "effect"`,
        `import { Pty } from "./src/agent/terminal/Pty.ts"`,
        `import { LoginUser } from "./src/agent/terminal/LoginUser.ts"`,
        `const found = await Effect.runPromise(Effect.either(LoginUser.find("root")))`,
        `console.log(found._tag, found.left?.reason, found.left?.message)`,
        `const user = { name: "nobody", uid: 65534, gid: 65534, home: "/", shell: "/bin/sh" }`,
        `const size = { cols: 90, rows: 30, widthPx: 0, heightPx: 0 }`,
        `const command = Option.some("id -u; stty size; test -O $(tty) && echo mine")`,
        `const environment = { PATH: "/usr/bin:/bin" }`,
        `await Effect.runPromise(Effect.scoped(Effect.gen(function* () {`,
        `  const terminal = yield* Pty.open({ user, environment, command, gate: Option.none(), size, term: "xterm" })`,
        `  yield* Stream.runForEach(terminal.output, ({ bytes }) => Effect.sync(() => process.stdout.write(bytes)))`,
        `})))`,
      ].join("\n")
      const outfile = `${folder}/find.mjs`
      const stdin = { contents, resolveDir: process.cwd(), loader: "ts" as const }
      await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" })
      const drop = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, outfile]
      const said = execFileSync("setpriv", drop, { encoding: "utf8", cwd: "/" })
      expect(said).toContain("Left not-root this agent does not run as root (uid 65534)")
      expect(said).toContain("65534\r\n30 90\r\nmine\r\n")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
