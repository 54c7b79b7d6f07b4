import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

/** A project of somebody who has installed the package: only its folder says where that is. */
let project = ""

const compilerOptions = {
  target: "ES2022",
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  types: ["node"],
  outDir: "out",
}

beforeAll(() => {
  execFileSync(process.execPath, ["scripts/build.mjs", "library"], { stdio: "inherit" })
  project = mkdtempSync(join(tmpdir(), "mezite-library-"))
  const modules = join(project, "node_modules")
  mkdirSync(modules)
  symlinkSync(resolve("."), join(modules, "mezite"))
  for (const name of ["effect", "@types"]) symlinkSync(resolve("node_modules", name), join(modules, name))
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }))
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["record.ts", "types.ts"] }))
  copyFileSync("examples/record.ts", join(project, "record.ts"))
  writeFileSync(
    join(project, "types.ts"),
    `import type { Effect } from "effect"
import { FrameKind, LocalTerminal, Play, Recording, Session, recordCommand, replay, type Frame } from "mezite"
export const kind: FrameKind = FrameKind.Output
export const session: typeof Session.run = Session.run
export const format: Play.ExportFormat = "cast3"
export const ended: Effect.Effect<Recording.RecordingEnd, Session.RecordingLost | Session.TerminalError> = recordCommand({ file: "a.rec" })
export const frames = (frame: Frame): number => frame.seq
export const terminal = LocalTerminal.open({ command: "true" })
// @ts-expect-error a recording needs a file
export const wrong = replay({})
`,
  )
}, 120_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

const run = (words: ReadonlyArray<string>) =>
  spawnSync(process.execPath, words, { cwd: project, encoding: "utf8", timeout: 60_000 })

describe("the package, as its user has it", () => {
  it("has types that hold", () => {
    const checked = run([resolve("node_modules/.bin/tsc"), "-p", "."])
    expect(checked.stdout).toBe("")
    expect(checked.status).toBe(0)
  })

  it("records a command and replays it at twice its speed", () => {
    const began = performance.now()
    const played = run(["out/record.js"])
    expect(played.stderr).toMatch(/^session\.rec: \d+ frames in \d+ ms; the same at 2x:\n$/)
    expect(played.stdout).toMatch(/^3\r\n2\r\n1\r\n\/dev\/pts\/\d+\r\n$/)
    expect(played.status).toBe(0)
    // 1.5 s of recording, 0.5 s of it to the last number's frame at 2x: not at once, and not more than that by much.
    expect(performance.now() - began).toBeGreaterThan(2_000)
  })

  it("never writes over a recording", () => {
    const before = readFileSync(join(project, "session.rec"))
    expect(before.subarray(0, 19).toString()).toBe("mezite-recording 1\n")
    const refused = run(["out/record.js", "printf once", "session.rec"])
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain("session.rec")
    expect(readFileSync(join(project, "session.rec")).equals(before)).toBe(true)
  })

  it("tells the exit status, the output and where it began", () => {
    writeFileSync(
      join(project, "check.mjs"),
      `import { Chunk, Effect, Stream } from "effect"
import { FrameKind, Recording, recordCommand } from "mezite"
import { readFileSync } from "node:fs"
const end = await Effect.runPromise(recordCommand({ command: "pwd; stty size; echo $WORD; exit 7", file: "check.rec", directory: "/usr", size: { cols: 101, rows: 7 }, environment: { PATH: process.env.PATH, WORD: "wört" } }))
const frames = await Effect.runPromise(Stream.runCollect(Recording.readFrames(Stream.make(readFileSync("check.rec")))))
const output = Chunk.toReadonlyArray(frames).filter(({ kind }) => kind === FrameKind.Output).map(({ payload }) => Buffer.from(payload))
console.log(JSON.stringify({ end: end.exit, output: Buffer.concat(output).toString() }))
`,
    )
    const checked = run(["check.mjs"])
    expect(checked.stderr).toBe("")
    expect(JSON.parse(checked.stdout)).toEqual({
      end: { _tag: "Code", code: 7 },
      output: "/usr\r\n7 101\r\nwört\r\n",
    })
  })
})
