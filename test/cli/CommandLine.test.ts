import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildProgram } from "./support/buildProgram.ts"
import { runProgram } from "./support/runProgram.ts"

let home = ""
let msh = ""
let mezctl = ""

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "msh-home-"))
  msh = await buildProgram("msh")
  mezctl = await buildProgram("mezctl")
})

afterAll(async () => {
  for (const path of [home, dirname(msh), dirname(mezctl)]) await rm(path, { recursive: true, force: true })
})

const run = (program: string, words: string) =>
  runProgram(program, words === "" ? [] : words.split(" "), { env: { MEZITE_HOME: home, MEZITE_DATA_DIR: home } })

it("no program that people type loads gRPC, which takes longer than all that a call needs", async () => {
  for (const program of [msh, mezctl]) {
    const chunks = join(dirname(program), "chunks")
    const texts = await Promise.all((await readdir(chunks)).map((name) => readFile(join(chunks, name), "utf8")))
    expect(texts.some((text) => text.includes("Sec-WebSocket-Version"))).toBe(true)
    expect(texts.filter((text) => text.includes("grpc-node-js"))).toEqual([])
  }
})

describe("exit codes", () => {
  it("--version", async () => {
    expect(await run(msh, "--version")).toMatchObject({ stdout: Buffer.from("msh 0.1.0\n"), stderr: "", code: 0 })
    expect(await run(mezctl, "--version")).toMatchObject({ stdout: Buffer.from("mezctl 0.1.0\n"), stderr: "", code: 0 })
  })

  it("--help goes to standard output, without colours where that is no terminal", async () => {
    const help = await run(msh, "--help")
    expect(help.code).toBe(0)
    expect(help.stdout.toString()).toContain("sessions ls")
    expect(help.stdout.includes(0x1b)).toBe(false)
    expect(await run(mezctl, "users bogus --help")).toMatchObject({
      stdout: Buffer.from(""),
      stderr: "mezctl: there is no such command (see --help)\n",
      code: 2,
    })
    expect((await run(msh, "ssh -h")).stdout.toString()).toContain("[LOGIN@]NODE [COMMAND…]")
  })

  it.each([
    "",
    "bogus",
    "play",
    "play --speed x FILE",
    "play --speed 0 FILE",
    "play --from nonsense FILE",
    "play FILE --bogus",
    "sessions",
    "sessions ls --last yesterday",
    "sessions ls --format yaml",
    "export FILE",
    "login --hub hub:3080",
    "login --hub not/a/hub --user alice --password-stdin",
    "ssh",
    "ssh --bogus",
    "ssh --bogus web-1",
    "ssh --bogus web-1 ls",
    "ssh -z web-1 ls -l",
  ])("wrong usage, msh %s: 2, and one line", async (words) => {
    const { code, stderr, stdout } = await run(msh, words)
    expect({ code, lines: stderr.split("\n").length, stdout: stdout.length }).toEqual({ code: 2, lines: 2, stdout: 0 })
    expect(stderr).toMatch(/^msh: \S/)
  })

  it.each(["status", "play /nonexistent/a.rec", "sessions ls", "config", "play 6f1f7d3e-0c55-4b0e-9d62-8f7a5f6f2a10"])(
    "failure, msh %s: 1, and one line",
    async (words) => {
      const { code, stderr } = await run(msh, words)
      expect({ code, lines: stderr.split("\n").length }).toEqual({ code: 1, lines: 2 })
    },
  )

  it("msh ssh that can't connect: 255", async () => {
    expect(await run(msh, "ssh root@web-1 ls -la --color=auto")).toMatchObject({ code: 255 })
  })

  it.each([
    "",
    "users",
    "users add alice",
    "users add --roles X --logins root alice",
    "tokens add --type user",
    "tokens add --type node --uses 0",
    "tokens add --type node --uses 10001",
    "tokens add --type node --uses many",
    "config get",
    "audit ls --limit 0",
    "audit ls --limit -3",
    "audit ls --last 0",
    "audit ls --type nothing",
  ])("wrong usage, mezctl %s: 2, and one line", async (words) => {
    const { code, stderr } = await run(mezctl, words)
    expect({ code, lines: stderr.split("\n").length }).toEqual({ code: 2, lines: 2 })
    expect(stderr).not.toMatch(/└|readonly|internal/)
  })

  it("a program alone asks which command, with its name once", async () => {
    expect((await run(mezctl, "")).stderr).toBe("mezctl: which command? (see --help)\n")
    expect((await run(msh, "")).stderr).toBe("msh: which command? (see --help)\n")
  })

  it.each([
    ["bogus", 'there is no command "bogus" (see --help)'],
    ["users bogus", 'there is no command "users bogus": users has add, ls, update, reset, rm (see --help)'],
    ["users ls --identity", "--identity takes a value (see --help)"],
    ["users rm", "Missing argument <NAME> (see --help)"],
  ])("mezctl %s says what is wrong", async (words, message) => {
    expect(await run(mezctl, words)).toMatchObject({ code: 2, stderr: `mezctl: ${message}\n` })
  })

  it("mezctl without a hub says where it looked", async () => {
    const { code, stderr } = await run(mezctl, "users ls")
    expect(code).toBe(1)
    expect(stderr).toContain(join(home, "hub.sock"))
  })
})
