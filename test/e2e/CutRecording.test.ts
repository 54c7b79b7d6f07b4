import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { mshSsh } from "./support/ways.ts"

let cluster: Cluster
let whole: Buffer
let output: Buffer
beforeAll(async () => {
  cluster = await Cluster.start()
  const command = "for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.02; done"
  output = (await runToEnd(await mshSsh.words(cluster, "web-1", { command }), cluster.userVariables)).stdout
  whole = readFileSync(cluster.recording((await cluster.lastSession()).session_id))
})
afterAll(() => cluster.stop())

const tenths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

it("a recording cut anywhere plays up to there, and is told apart from a whole one in one line", async () => {
  const cuts = [...tenths.map((tenth) => Math.floor((whole.length * tenth) / 10)), 5, whole.length - 1]
  await Promise.all(
    [0, 1].map(async (lane) => {
      for (const cut of cuts.filter((_, index) => index % 2 === lane)) {
        const file = join(cluster.directory, `cut-${cut}.rec`)
        writeFileSync(file, whole.subarray(0, cut))
        const played = await cluster.msh("play", "--speed", "1000", file)
        expect(played.code).toBe(1)
        expect(output.subarray(0, played.stdout.length).equals(played.stdout)).toBe(true)
        const lines = played.stderr.trimEnd().split("\n")
        expect(lines.at(-1)).toMatch(/^msh: \S+ is cut off: at byte \d+: /)
        expect(lines.length).toBeLessThanOrEqual(2)
        const verified = await cluster.msh("verify", file)
        expect(verified.code).toBe(1)
        expect(verified.stdout.toString()).toBe("")
        expect(verified.stderr).toMatch(/^msh: \S+ is NOT whole: [^\n]*byte \d+[^\n]*\n$/)
      }
    }),
  )
})

it("a recording with one other byte is told apart too", async () => {
  for (const tenth of tenths) {
    const at = Math.floor((whole.length * (tenth + 0.5)) / 10)
    const file = join(cluster.directory, `flipped-${at}.rec`)
    const bytes = Buffer.from(whole)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x20, at)
    writeFileSync(file, bytes)
    const { code, stderr } = await cluster.msh("verify", file)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^msh: \S+ is NOT whole: [^\n]*\n$/)
  }
})

it("what is no recording, or is not there, is told in one line", async () => {
  const text = join(cluster.directory, "text.rec")
  writeFileSync(text, "this is no recording\n")
  for (const command of ["play", "verify"]) {
    for (const target of [text, join(cluster.directory, "missing.rec"), "00000000-0000-4000-8000-000000000000"]) {
      const { code, stdout, stderr } = await cluster.msh(command, target)
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toMatch(/^msh: [^\n]+\n$/)
    }
  }
})
