import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { forgeIdentity } from "./support/forge.ts"
import { runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { jump, mshSsh, proxyCommand, type Way, type WayOptions } from "./support/ways.ts"

/** Somebody who is refused, and in which words. */
interface Case {
  readonly what: string
  readonly node?: string
  readonly login?: string
  readonly identity?: (cluster: Cluster) => Promise<string>
  /** What msh says after `msh: `. */
  readonly line: RegExp
  /** The reason in the audit log. */
  readonly audited: RegExp
}

/** A certificate that the hub gave and whose time is over, in an identity that claims otherwise. */
const expired = async (cluster: Cluster): Promise<string> => {
  const path = join(cluster.directory, "expired.json")
  await cluster.mezctl("auth", "sign", "--user", "alice", "--ttl", "1s", "--out", path)
  const identity = JSON.parse(readFileSync(path, "utf8"))
  await until("the certificate has expired", () => Date.now() > Date.parse(identity.credentials.expires_at))
  identity.credentials.expires_at = new Date(Date.now() + 3_600_000).toISOString()
  writeFileSync(path, JSON.stringify(identity), { mode: 0o600 })
  return path
}

const otherAuthority = async (cluster: Cluster): Promise<string> => {
  const path = join(cluster.directory, "other-ca.json")
  forgeIdentity(cluster.identity, path, { principals: [login] })
  return path
}

const cases: ReadonlyArray<Case> = [
  {
    what: "an expired certificate",
    identity: expired,
    line: /^certificate "alice" has expired; log in again$/,
    audited: /^certificate "alice" has expired; log in again$/,
  },
  {
    what: "a certificate of another authority",
    identity: otherAuthority,
    line: /^certificate "alice" is signed by an authority that is not trusted$/,
    audited: /^certificate "alice" is signed by an authority that is not trusted$/,
  },
  {
    what: "a login that the certificate does not allow",
    login: "daemon",
    line: /^web-1 does not let you in as daemon; your logins are \S+, nobody-here$/,
    audited: /daemon/,
  },
  {
    what: "a login that does not exist on the node",
    login: "nobody-here",
    line: /^there is no account "?nobody-here"?/,
    audited: /nobody-here/,
  },
  {
    what: "an unknown node",
    node: "web-9",
    line: /^there is no node "web-9(?:\.mezite)?" in this cluster$/,
    audited: /^there is no node "web-9(?:\.mezite)?" in this cluster$/,
  },
  {
    what: "a node that is offline",
    node: "web-2",
    line: /^node web-2 is offline$/,
    audited: /^node web-2 is offline$/,
  },
]

describe("who may not in", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: { "web-1": {}, "web-2": {} } })
    cluster.agent("web-2").kill("SIGTERM")
    await cluster.agent("web-2").ended
  })
  afterAll(() => cluster.stop())

  const run = async (way: Way, node: string, options: WayOptions) =>
    runToEnd(await way.words(cluster, node, options), cluster.variablesOf(options.identity ?? cluster.identity))

  describe.each(cases)("by $what", ({ node = "web-1", line, audited, ...given }) => {
    it("is told why in one line, with 255, and audited", async () => {
      const identity = (await given.identity?.(cluster)) ?? cluster.identity
      const options = { command: "echo never", identity, ...(given.login === undefined ? {} : { login: given.login }) }
      for (const way of [mshSsh, proxyCommand, jump]) {
        const before = (await cluster.audit("session.rejected")).length
        const { code, stdout, stderr } = await run(way, node, options)
        expect({ code, stdout: stdout.toString() }).toEqual({ code: 255, stdout: "" })
        const [, words = ""] = /(?:^msh|^mezite|open failed: connect failed): (.*?)\r?\n/.exec(stderr) ?? []
        if (way !== mshSsh && words === "") expect(stderr).toMatch(/Permission denied \(publickey\)\.\r\n/)
        else expect(words).toMatch(line)
        if (way === mshSsh) expect(stderr.trimEnd()).not.toContain("\n")
        const [event, ...more] = await until("the refusal is audited", async () => {
          const events = await cluster.audit("session.rejected")
          return events.length > before && events.slice(0, events.length - before)
        })
        expect(more).toEqual([])
        expect(event?.detail.reason).toMatch(audited)
        expect(event?.remote_address).toMatch(/^127\.0\.0\.1:\d+$/)
      }
    })
  })

  it("by an expired identity, is told so before anything is sent", async () => {
    const path = join(cluster.directory, "old.json")
    const identity = JSON.parse(readFileSync(cluster.identity, "utf8"))
    identity.credentials.expires_at = "2026-01-01T00:00:00.000Z"
    writeFileSync(path, JSON.stringify(identity))
    const { code, stderr } = await run(mshSsh, "web-1", { command: "true", identity: path })
    expect(code).toBe(255)
    expect(stderr).toBe(
      `msh: your certificate expired at 2026-01-01T00:00:00.000Z: have ${path} made anew (mezctl auth sign), or msh login --hub ${identity.hub} --ca-pin ${identity.ca_pin} --user alice\n`,
    )
  })

  it("others still may", async () => {
    const { code, stdout } = await run(mshSsh, "web-1", { command: "echo served" })
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: "served\n" })
  })
})
