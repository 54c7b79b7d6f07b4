import { createPublicKey } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { generateEd25519, publicKeyLine } from "../../src/ssh/OpenSshKey.ts"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { mshSsh, ways } from "./support/ways.ts"

const otherKey = () => publicKeyLine(createPublicKey(generateEd25519()))

describe("a key that is not the one that was told", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start()
  })
  afterAll(() => cluster.stop())

  /** alice's identity with something else in it that she trusts. */
  const identityThat = (name: string, change: (identity: Record<string, unknown>) => object): string => {
    const path = `${cluster.directory}/${name}.json`
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(cluster.identity, "utf8")))), { mode: 0o600 })
    return path
  }

  const trusting = (name: string, told: object): string =>
    identityThat(name, (identity) => {
      const credentials = identity.credentials as { readonly cluster: object }
      return { ...identity, credentials: { ...credentials, cluster: { ...credentials.cluster, ...told } } }
    })

  it.each(ways)("of a node is refused by $name", async (way) => {
    const identity = trusting("other-host-ca", { host_ca: otherKey() })
    const words = await way.words(cluster, "web-1", { command: "echo never", identity })
    const { code, stdout, stderr } = await runToEnd(words, cluster.variablesOf(identity))
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 255, stdout: "" })
    if (way === mshSsh)
      expect(stderr).toMatch(/^msh: the server is not proven to be "web-1\.mezite": [^\n]* not trusted\n$/)
    else expect(stderr).toContain("Host key verification failed.")
    expect(await cluster.sessions()).toEqual([])
  })

  it("of the front door is refused by ssh -J", async () => {
    const identity = trusting("other-door", { ssh_host_key: otherKey() })
    const words = await ways[2].words(cluster, "web-1", { command: "echo never", identity })
    const { code, stderr } = await runToEnd(words, cluster.variablesOf(identity))
    expect(code).toBe(255)
    expect(stderr).toContain("Host key verification failed.")
    expect(await cluster.sessions()).toEqual([])
  })

  it("of the hub is refused by msh, before it says who it is", async () => {
    const identity = identityThat("other-pin", (known) => ({ ...known, ca_pin: `sha256:${"0".repeat(64)}` }))
    for (const words of [
      ["ssh", "web-1", "true"],
      ["sessions", "ls"],
      ["proxy", "web-1"],
    ]) {
      const { code, stderr } = await runToEnd(
        [...(await mshSsh.words(cluster, "")).slice(0, 2), ...words],
        cluster.variablesOf(identity),
      )
      expect(code).toBe(words[0] === "ssh" ? 255 : 1)
      expect(stderr).toMatch(/^msh: [^\n]*pin[^\n]*\n$/)
    }
  })
})
