import { copyFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Either } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Session } from "../../src/api/ClusterRpcs.ts"
import { KeyRing, MasterKey } from "../../src/recording/index.ts"
import { Cluster } from "./support/Cluster.ts"
import { filesUnder } from "./support/filesUnder.ts"
import { bundled, Program, runToEnd } from "./support/Program.ts"
import { bothKinds } from "./support/places.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { mshSsh } from "./support/ways.ts"

const key = "8f".repeat(32)
const secret = "the quick brown secret"

describe("a hub with an encryption key", () => {
  let cluster: Cluster
  let session: Session
  let file: string
  beforeAll(async () => {
    cluster = await Cluster.start({ hub: { MEZITE_RECORDING_ENC_KEY: key }, ...bothKinds })
    const words = await mshSsh.words(cluster, "web-1", { command: "cat; cat /proc/self/environ >&2" })
    await runToEnd(words, cluster.userVariables, `${secret}\n`)
    session = await cluster.lastSession()
    // What somebody has in hand who took the hub's disk.
    file = join(cluster.directory, "taken.rec")
    copyFileSync(cluster.recording(session.session_id), file)
  })
  afterAll(() => cluster.stop())

  const play = (env: Record<string, string>) =>
    runToEnd([...bundled("msh"), "play", "--speed", "1000", file], { ...cluster.userVariables, ...env })

  it("stores nothing in clear", () => {
    const bytes = readFileSync(file)
    for (const clear of ["secret", "quick", "PATH="]) expect(bytes.includes(clear)).toBe(false)
    const found = filesUnder(cluster.hubDirectory).filter(([, content]) => content.includes(secret))
    expect(found.map(([path]) => path)).toEqual([])
  })

  it("has nothing in clear on any disk while sessions run, on nodes with an agent and without", async () => {
    const running = await Promise.all(
      ["web-1", "db-1"].map(async (node) => {
        const words = await mshSsh.words(cluster, node, { command: "cat; sleep 60" })
        const program = new Program(words, cluster.userVariables)
        program.write("typed and shown secretly\n")
        await program.shows(/^typed and shown secretly\n/)
        return program
      }),
    )
    const files = [cluster.hubDirectory, cluster.agentDirectory("web-1")].flatMap((directory) => filesUnder(directory))
    const spooled = files.filter(([path, content]) => /spool\/.*\.rec$/.test(path) && content.length > 0)
    const growing = files.filter(([path]) => path.includes("/partial/"))
    expect([spooled.length, growing.length]).toEqual([2, 2])
    for (const clear of ["typed and shown", "shown secretly"]) {
      expect(files.filter(([, content]) => content.includes(clear)).map(([path]) => path)).toEqual([])
    }
    await Promise.all(running.map((program) => program.end()))
  })

  it("stores nothing that the key alone opens", () => {
    const keys = new KeyRing(Either.getOrThrow(MasterKey.fromHex(key)))
    expect(() => storedRecording(file, { keys })).toThrow(/the share of its key that its hub keeps was not given/)
  })

  it("lets its users play through it, and verify without the key", async () => {
    const played = await cluster.msh("play", "--speed", "1000", session.session_id)
    expect({ code: played.code, stdout: played.stdout.toString() }).toEqual({ code: 0, stdout: `${secret}\n` })
    for (const target of [session.session_id, file]) {
      const { code, stdout } = await cluster.msh("verify", target)
      expect(stdout.toString()).toMatch(/^OK: session \S+ \(user: alice, host: web-1\) is whole: /)
      expect(code).toBe(0)
    }
  })

  it("gives files that play with the key only", async () => {
    const withKey = await play({ MEZITE_RECORDING_ENC_KEY: key })
    expect({ code: withKey.code, stdout: withKey.stdout.toString() }).toEqual({ code: 0, stdout: `${secret}\n` })
    const rotated = await play({ MEZITE_RECORDING_ENC_KEY: "11".repeat(32), MEZITE_RECORDING_ENC_KEYS_OLD: key })
    expect(rotated.stdout.toString()).toBe(`${secret}\n`)
    const typed = await runToEnd([...bundled("msh"), "export", "--format", "json", file], {
      ...cluster.userVariables,
      MEZITE_RECORDING_ENC_KEY: key,
    })
    expect([typed.code, typed.stdout.toString()]).toEqual([0, expect.stringContaining(secret)])
    const asked = (await cluster.audit("session.recording.access")).map(({ detail }) => detail.given)
    expect(asked.filter((given) => given === "key share").length).toBe(3)
    for (const env of [{}, { MEZITE_RECORDING_ENC_KEY: "22".repeat(32) }]) {
      const { code, stdout, stderr } = await play(env)
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toMatch(/msh: [^\n]*key [0-9a-f]{16}[^\n]*MEZITE_RECORDING_ENC_KEY[^\n]*\n$/)
    }
  })

  it("says in one line what is wrong with its key, and does not start", async () => {
    const start = async (variables: Record<string, string>) => {
      const directory = join(cluster.directory, "other")
      const env = { ...cluster.hubVariables, MEZITE_DATA_DIR: directory, MEZITE_RECORDING_ENC_KEY: key, ...variables }
      const { code, stderr } = await runToEnd([...bundled("mezhub"), "start"], env)
      return [code, stderr]
    }
    const digits = "an encryption key is 64 hexadecimal digits (32 bytes)"
    const name = "MEZITE_RECORDING_ENC_KEY"
    expect(await start({ [name]: "8f8f" })).toEqual([1, `mezhub: ${name}: ${digits}: this one has 4 digits\n`])
    expect(await start({ [name]: "zz".repeat(32) })).toEqual([
      1,
      `mezhub: ${name}: ${digits}: this one has other characters\n`,
    ])
    expect(await start({ [`${name}S_OLD`]: `${key},8f` })).toEqual([
      1,
      `mezhub: ${name}S_OLD: ${digits}: this one has 2 digits\n`,
    ])
  })

  it("gives copies that nobody plays any more once the recording is deleted", async () => {
    const id = session.session_id
    await cluster.mezctl("recordings", "hold", id, "--reason", "case 7")
    const held = await cluster.tryMezctl("recordings", "rm", id)
    expect([held.code, held.stderr]).toEqual([
      1,
      `mezctl: the recording of session ${id} is held: release it first (recordings release)\n`,
    ])
    await cluster.mezctl("recordings", "release", id)
    await cluster.mezctl("recordings", "rm", id, "--reason", "asked for")
    const { code, stdout, stderr } = await play({ MEZITE_RECORDING_ENC_KEY: key })
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(/msh: \S+ cannot be decrypted: [^\n]*the share of its key[^\n]*is destroyed\n$/)
    const gone = await cluster.msh("play", id)
    expect([gone.code, gone.stderr]).toEqual([1, `msh: the recording of session ${id} was deleted\n`])
    const [receipt] = await cluster.audit("session.recording.delete")
    expect(receipt).toMatchObject({
      user: "local-admin",
      session_id: id,
      detail: { digest: session.recording_digest, reason: "asked for", shredded: true },
    })
    const listed = JSON.parse((await cluster.mezctl("recordings", "ls", "--format=json")).stdout.toString())
    expect(listed).toContainEqual(
      expect.objectContaining({ session_id: id, state: "deleted", deleted_by: "local-admin" }),
    )
    expect((await cluster.msh("verify", file)).code).toBe(0)
  })
})
