import { execSync } from "node:child_process"
import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { bothKinds } from "./support/places.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { jump, mshSsh } from "./support/ways.ts"

const bytes = 100_000_000
/** As many bytes, that are nowhere alike and yet are the same each time. */
const command = `openssl enc -aes-128-ctr -nosalt -K ${"00".repeat(16)} -iv ${"00".repeat(16)} -in /dev/zero 2>/dev/null | base64 -w 99 | head -c ${bytes}`

/** Of what a machine sends, by a program that is not ours. */
const sent = () => execSync(`${command} | sha256sum`, { encoding: "utf8" }).slice(0, 64)

const digest = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex")

describe("100 MB of output", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start(bothKinds)
  })
  afterAll(() => cluster.stop())

  /** What was received is what was recorded, played, and is whole. */
  const expectRecorded = async (received: Uint8Array) => {
    const { session_id } = await cluster.lastSession()
    expect(received.length).toBeGreaterThanOrEqual(bytes)
    expect(digest(storedRecording(cluster.recording(session_id)).output)).toBe(digest(received))
    const played = await cluster.msh("play", "--speed", "1000", session_id)
    expect(digest(played.stdout)).toBe(digest(received))
    const { code, stdout } = await cluster.msh("verify", session_id)
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: expect.stringMatching(/ is whole: /) })
  }

  it.each([
    ["of a command, by ssh -J", jump, "web-1", false],
    ["of a terminal, by msh ssh", mshSsh, "web-1", true],
    ["of a command without an agent, by msh ssh", mshSsh, "db-1", false],
  ] as const)("%s", async (_, way, node, terminal) => {
    const words = await way.words(cluster, node, { terminal, command })
    const ended = await runToEnd(words, cluster.userVariables)
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    if (!terminal) expect(digest(ended.stdout)).toBe(sent())
    await expectRecorded(ended.stdout)
  })
})
