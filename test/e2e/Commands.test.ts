import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { type Ended, runToEnd } from "./support/Program.ts"
import { bothKinds, type Place, places } from "./support/places.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { mshSsh } from "./support/ways.ts"

describe("a command on a node", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ ...bothKinds, nodes: { "web-1": {}, "web-2": {} } })
  })
  afterAll(() => cluster.stop())

  const run = async (
    { way, node }: Omit<Place, "name">,
    command: string,
    input?: string | Uint8Array,
  ): Promise<Ended> => runToEnd(await way.words(cluster, node, { command }), cluster.userVariables, input)

  /** What the client received is what was recorded, what is played, and it is whole. */
  const expectRecorded = async (ended: Ended) => {
    const session = await cluster.lastSession()
    const stored = storedRecording(cluster.recording(session.session_id))
    expect(ended.stdout.equals(stored.output)).toBe(true)
    expect(ended.stderr).toBe(stored.stderr.toString())
    const [played, verified] = await Promise.all([
      cluster.msh("play", "--speed", "1000", session.session_id),
      cluster.msh("verify", session.session_id),
    ])
    expect(played.code).toBe(0)
    expect(played.stdout.equals(stored.output)).toBe(true)
    expect(played.stderr).toBe(
      `Playing session ${session.session_id.slice(0, 8)}... (user: alice, host: ${session.node})\n${stored.stderr}`,
    )
    expect(verified.stdout.toString()).toMatch(/^OK: session \S+ \(user: alice, host: (?:web-[12]|db-1)\) is whole: /)
    expect(verified.code).toBe(0)
    return { session, stored }
  }

  it("whose output nobody reads on ends msh without a line, with 255", async () => {
    const words = await mshSsh.words(cluster, "web-1", { command: "yes" })
    const script = '{ "$@"; echo "status $?" >&2; } | head -1'
    const ended = await runToEnd(["sh", "-c", script, "sh", ...words], cluster.userVariables)
    expect({ stdout: ended.stdout.toString(), stderr: ended.stderr }).toEqual({ stdout: "y\n", stderr: "status 255\n" })
  })

  describe.each(places)("by $name", (place) => {
    it("runs as its login, on the node that was named", async () => {
      for (const node of place.node === "web-1" ? ["web-1", "web-2"] : [place.node]) {
        const ended = await run({ ...place, node }, "id")
        expect(ended).toMatchObject({ code: 0, stderr: "" })
        expect(ended.stdout.toString()).toBe(execFileSync("id", [login]).toString())
        const { session, stored } = await expectRecorded(ended)
        expect(session).toMatchObject({ user: "alice", node, login, command: "id", mode: "node-sync", exit_code: 0 })
        expect(stored.header.info).toMatchObject({ node, login, command: "id", modeSource: "cluster" })
      }
    })

    it("ends with its status, and keeps standard error apart", async () => {
      const ended = await run(place, "echo out; head -c 20000 /dev/zero | tr '\\0' e >&2; exit 3")
      expect(ended).toMatchObject({ code: 3, stderr: "e".repeat(20_000) })
      expect(ended.stdout.toString()).toBe("out\n")
      const { session } = await expectRecorded(ended)
      expect(session).toMatchObject({ exit_code: 3, exit_signal: null, status: "completed" })
    })

    it("tells that a signal killed it", async () => {
      const ended = await run(place, "echo before; kill -TERM $$")
      expect(ended.code).toBe(place.way === mshSsh ? 128 + 15 : 255)
      const { session } = await expectRecorded(ended)
      expect(session).toMatchObject({ exit_code: null, exit_signal: "TERM" })
    })

    it("gets standard input to its last byte, and records it", async () => {
      const input = randomBytes(300_000)
      const ended = await run(place, "cat", input)
      expect(ended.code).toBe(0)
      expect(ended.stdout.equals(input)).toBe(true)
      const { stored } = await expectRecorded(ended)
      expect(stored.input.equals(input)).toBe(true)
    })
  })
})
