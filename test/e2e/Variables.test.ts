import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { bundled, endPrograms, runToEnd } from "./support/Program.ts"

type Name = Parameters<typeof bundled>[0]

/** A program, and the words that it is started with. */
type Start = readonly [Name, ...ReadonlyArray<string>]

const starts: ReadonlyArray<Start> = [
  ["mezhub", "start"],
  ["mezd", "start"],
  ["msh", "status"],
  ["mezctl", "nodes", "ls"],
]

const bad: ReadonlyArray<readonly [Name, string, string]> = [
  ["mezhub", "MEZITE_LISTEN", "nowhere"],
  ["mezhub", "MEZITE_SSH_LISTEN", "127.0.0.1:99999"],
  ["mezhub", "MEZITE_TLS", "maybe"],
  ["mezhub", "MEZITE_CLUSTER_NAME", "Not A Name"],
  ["mezhub", "MEZITE_RECORDING_BACKEND", "tape"],
  ["mezhub", "MEZITE_RECORDING_BACKEND", "s3"],
  ["mezhub", "MEZITE_S3_BUCKET", "without-the-backend"],
  ["mezhub", "MEZITE_S3_ENDPOINT", "minio:9000"],
  ["mezhub", "MEZITE_S3_FORCE_PATH_STYLE", "perhaps"],
  ["mezhub", "MEZITE_RECORDING_ORPHAN_AFTER", "later"],
  ["mezhub", "MEZITE_RECORDING_ENC_KEY", "abcd"],
  ["mezhub", "MEZITE_LOG_LEVEL", "loud"],
  ["mezd", "MEZITE_RECORDING_MODE", "sometimes"],
  ["mezd", "MEZITE_RECORDING_WINDOW", "1KiB"],
  ["mezd", "MEZITE_RECORDING_ACK_TIMEOUT", "5"],
  ["mezd", "MEZITE_RECORD_SECRETS", "perhaps"],
  ["mezd", "MEZITE_SPOOL_MIN_FREE", "lots"],
  ["mezd", "MEZITE_ON_LOCAL_FAILURE", "panic"],
  ["mezd", "MEZITE_DRAIN_TIMEOUT", "soon"],
  ["mezd", "MEZITE_NODE_LABELS", "prod"],
  ["mezd", "MEZITE_HUB", "no where"],
]

describe("a program's environment", () => {
  const directory = mkdtempSync(join(tmpdir(), "mezite-e2e-"))
  afterAll(async () => {
    await endPrograms()
    rmSync(directory, { recursive: true, force: true })
  })

  const run = ([name, ...words]: Start, env: Record<string, string>) =>
    runToEnd([...bundled(name), ...words], {
      PATH: process.env.PATH ?? "",
      HOME: directory,
      MEZITE_DATA_DIR: join(directory, name),
      MEZITE_LISTEN: "127.0.0.1:0",
      MEZITE_SSH_LISTEN: "127.0.0.1:0",
      MEZITE_HUB: "127.0.0.1:1",
      MEZITE_JOIN_TOKEN: "x".repeat(40),
      ...env,
    })

  it.each(starts)("%s stops at a variable that is misspelt", async (...words) => {
    const program = words as unknown as Start
    const [name] = program
    const ended = await run(program, { MEZITE_RECORDNIG_MODE: "off" })
    expect(ended).toMatchObject({
      code: 1,
      stderr: `${name}: MEZITE_RECORDNIG_MODE is no variable of Mezite: is it misspelt?\n`,
    })
    expect(ended.stdout.toString()).toBe("")
  })

  it.each(bad)("%s stops at %s=%s", async (name, variable, value) => {
    const ended = await run([name, "start"], { [variable]: value })
    expect(ended.code).toBe(1)
    expect(ended.stdout.toString()).toBe("")
    expect(ended.stderr).toMatch(new RegExp(`^${name}: [^\\n]*\\b${variable}\\b[^\\n]*\\n$`))
    expect(ended.stderr).not.toContain("abcd")
    expect(readdirSync(directory).filter((entry) => entry === name && name === "mezhub")).toEqual([])
  })

  it("mezd says what it needs in order to join", async () => {
    const { code, stderr } = await runToEnd([...bundled("mezd"), "start"], {
      PATH: "",
      HOME: directory,
      MEZITE_DATA_DIR: join(directory, "new"),
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "mezd: this machine has not joined a cluster yet: give --hub HOST:PORT or set MEZITE_HUB\n",
    })
  })
})
