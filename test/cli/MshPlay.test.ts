import { execFileSync } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { masterKey, outputFrame, signer, text, writeRecording } from "../support/recordings.ts"
import { buildProgram } from "./support/buildProgram.ts"
import { runProgram } from "./support/runProgram.ts"
import { TerminalRun } from "./support/TerminalRun.ts"

const frames = [
  outputFrame(1, text("$ \x1b]52;c;ZXZpbA==\x07\x1b[c"), 10),
  outputFrame(2, Buffer.from("61ff00c3", "hex"), 20),
  outputFrame(3, Buffer.from("a9\r\n".replace("a9", "\xe9"), "latin1"), 30),
  outputFrame(4, text("\x1b[?1049h\x1b[?25l\x1b[31min the alternate screen"), 40),
  outputFrame(5, text("late"), 3_600_000),
]
const shown = Buffer.concat(frames.map(({ payload }) => payload))
const header = "Playing session 6f1f7d3e... (user: alice, host: web-1)"

let directory = ""
let msh = ""
const path = (name: string) => join(directory, name)

beforeAll(async () => {
  msh = await buildProgram("msh")
  directory = await mkdtemp(join(tmpdir(), "msh-play-"))
  await writeFile(path("a.rec"), writeRecording(frames, { signer }))
  await writeFile(path("enc.rec"), writeRecording(frames, { signer, key: masterKey }))
  await writeFile(path("pub.pem"), signer.publicKey.toPem())
  const damaged = writeRecording(frames)
  await writeFile(path("cut.rec"), damaged.subarray(0, Buffer.from(damaged).indexOf("in the alternate")))
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  if (msh !== "") await rm(dirname(msh), { recursive: true, force: true })
})

describe("msh play without a terminal", () => {
  it("prints the bytes that were recorded, and the header beside them", async () => {
    const run = await runProgram(msh, ["play", path("a.rec"), "--speed", "1000000"])
    expect(run.stdout.equals(shown)).toBe(true)
    expect(run.stderr).toBe(`${header}\n`)
    expect(run.code).toBe(0)
  })

  it("cuts pauses with --skip-idle alone", async () => {
    const run = await runProgram(msh, ["play", "--skip-idle", "--speed=100", path("a.rec")])
    expect(run.stdout.equals(shown)).toBe(true)
  })

  it("plays a damaged recording up to the damage, then says so on one line", async () => {
    const run = await runProgram(msh, ["play", "--speed=1000000", path("cut.rec")])
    expect(run.stdout.length).toBeGreaterThan(0)
    expect(shown.subarray(0, run.stdout.length).equals(run.stdout)).toBe(true)
    expect(run.stderr.split("\n")).toEqual([
      header,
      expect.stringMatching(/^msh: \S+cut\.rec is cut off: at byte \d+: /),
      "",
    ])
    expect(run.code).toBe(1)
  })

  it("names the key that an encrypted recording wants", async () => {
    const without = await runProgram(msh, ["play", path("enc.rec")])
    expect(without.stderr).toContain(masterKey.id)
    expect(without.code).toBe(1)
    const env = { MEZITE_RECORDING_ENC_KEY: "00".repeat(32), MEZITE_RECORDING_ENC_KEYS_OLD: "09".repeat(32) }
    const run = await runProgram(msh, ["play", "--speed=1000000", path("enc.rec")], { env })
    expect(run.stdout.equals(shown)).toBe(true)
  })

  it("reads pipes and devices as streams, and no directory", async () => {
    const piped = `cat "${path("a.rec")}" | "${process.execPath}" "${msh}" verify --key "${path("pub.pem")}" /dev/stdin`
    expect(execFileSync("sh", ["-c", piped], { encoding: "utf8" })).toMatch(/ is whole/)
    const none = await runProgram(msh, ["play", "/dev/null"])
    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/^msh: \/dev\/null is cut off: [^\n]*\n$/) })
    const folder = await runProgram(msh, ["verify", directory])
    expect(folder).toMatchObject({ code: 1, stderr: `msh: ${directory} is a directory\n` })
  })

  it("verifies with the public key, and tells what is wrong", async () => {
    const good = await runProgram(msh, ["verify", path("a.rec"), "--key", path("pub.pem")])
    expect([good.code, good.stdout.toString()]).toEqual([0, expect.stringMatching(/^OK: .* is whole/)])
    const bad = await runProgram(msh, ["verify", path("cut.rec"), "--key", path("pub.pem")])
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringMatching(/^msh: .* is NOT whole: at byte \d+: .*\n$/)])
  })

  it("exports to a file that only its owner may read", async () => {
    const run = await runProgram(msh, ["export", "--format", "raw", "-o", path("out"), path("a.rec")])
    expect(run.code).toBe(0)
    const { stdout } = await runProgram(msh, ["export", "--format=raw", path("a.rec")])
    expect(stdout.equals(shown)).toBe(true)
  })
})

describe("msh play on a terminal", () => {
  const playing = async (): Promise<{ terminal: TerminalRun; before: string }> => {
    const terminal = new TerminalRun()
    const before = await terminal.settings()
    terminal.forget()
    terminal.type(`${process.execPath} ${msh} play ${path("a.rec")}; echo status=$?\r`)
    await terminal.until(/alternate screen/)
    return { terminal, before }
  }

  const expectRestored = async (terminal: TerminalRun, before: string, status: number): Promise<void> => {
    const [, code] = await terminal.until(/status=(\d+)/)
    expect(Number(code)).toBe(status)
    const last = terminal.output.slice(terminal.output.indexOf("alternate screen"))
    for (const undone of ["\x1b[?1049l", "\x1b[?25h", "\x1b[0m"]) expect(last).toContain(undone)
    expect(await terminal.settings()).toBe(before)
    terminal.close()
  }

  it("draws, but lets nothing act on the reviewer's terminal", async () => {
    const { terminal, before } = await playing()
    expect(terminal.output).toContain(`${header}\r\n`)
    expect(terminal.output).not.toContain("\x1b]52")
    expect(terminal.output).not.toContain("\x1b[c")
    terminal.type("q")
    await expectRestored(terminal, before, 0)
  })

  it("gives the terminal back after ^C", async () => {
    const { terminal, before } = await playing()
    terminal.type("\x03")
    await expectRestored(terminal, before, 130)
  })

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("gives the terminal back after %s", async (signal, status) => {
    const { terminal, before } = await playing()
    for (const pid of terminal.children()) process.kill(pid, signal)
    await expectRestored(terminal, before, status)
  })

  it("seeks over an hour with arrows and pauses", async () => {
    const { terminal, before } = await playing()
    terminal.type("++++++++++++++++++++")
    await terminal.until(/late/)
    await expectRestored(terminal, before, 0)
  })
})
