import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import Database from "better-sqlite3"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { Person } from "./support/Person.ts"
import { bundled, Program, runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"

/** Credentials that tell of no other hub. */
const alone = (credentials: unknown) => {
  const told = credentials as { readonly cluster: object }
  return { ...told, cluster: { ...told.cluster, hubs: [] } }
}

describe("mezctl's ways to the hub", { timeout: 180_000 }, () => {
  let cluster: Cluster
  let admin: Person
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: {} })
    admin = await Person.logIn(cluster, "ada", "admin")
  })
  afterAll(() => cluster.stop())

  it("makes identity files that know the hub, for a mezctl that is told of one by an option or a variable", async () => {
    const file = join(cluster.directory, "robot.json")
    await cluster.mezctl("users", "add", "robot", "--roles", "auditor", "--logins", "nobody-here")
    expect(await admin.mezctl("auth", "sign", "--user", "robot", "--ttl", "10m", "--out", file)).toMatchObject({
      code: 0,
    })
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ hub: cluster.listen, ca_pin: cluster.pin })
    const asWhom = async (words: ReadonlyArray<string>, variables = cluster.hubVariables) => {
      const ended = await runToEnd([...bundled("mezctl"), ...words, "status"], variables)
      return /^User: +(\S+)$/m.exec(ended.stdout.toString())?.[1] ?? ended.stderr
    }
    // Whoever may open the socket, and has logged in besides, is the local admin unless something else is said.
    const both = { ...cluster.hubVariables, MEZITE_HOME: admin.home }
    expect(await asWhom([], both)).toBe("local-admin")
    expect(await asWhom(["--identity", file], both)).toBe("robot")
    expect(await asWhom([], { ...both, MEZITE_IDENTITY: file })).toBe("robot")
    expect(await asWhom(["--local"], { ...both, MEZITE_IDENTITY: file })).toBe("local-admin")
    expect(await asWhom(["--identity", admin.identity], { ...both, MEZITE_IDENTITY: file })).toBe("ada")
    expect(await asWhom([], admin.variables)).toBe("ada")
    // A hub that is down is no reason to act as somebody else.
    const down = join(cluster.directory, "down")
    const notRunning = { ...admin.variables, MEZITE_DATA_DIR: down }
    expect(await asWhom([], notRunning)).toBe("ada")
    mkdirSync(down)
    writeFileSync(join(down, "hub.json"), "{}")
    expect(await asWhom([], notRunning)).toMatch(
      /^mezctl: cannot reach the hub at \S+down\/hub\.sock: [^\n]+; to act by a login, give --identity FILE\n$/,
    )
  })

  it("says in one line what is wrong with the identity, or with the hub", async () => {
    const text = readFileSync(admin.identity, "utf8")
    const withIdentity = (change: (identity: Record<string, unknown>) => Record<string, unknown>) => {
      const file = join(cluster.directory, "changed.json")
      writeFileSync(file, JSON.stringify(change(JSON.parse(text))))
      return admin.mezctl("--identity", file, "nodes", "ls")
    }
    const failed = (stderr: RegExp) => ({ code: 1, stderr: expect.stringMatching(stderr) })
    expect(await withIdentity((one) => ({ ...one, ca_pin: `sha256:${"0".repeat(64)}` }))).toMatchObject(
      failed(/^mezctl: the hub's key is sha256:\w+, not the pinned sha256:0+: [^\n]+\n$/),
    )
    expect(
      await withIdentity((one) => ({ ...one, hub: "127.0.0.1:1", credentials: alone(one.credentials) })),
    ).toMatchObject(failed(/^mezctl: cannot reach the hub at 127\.0\.0\.1:1: nothing listens there [^\n]+\n$/))
    // One of several hubs is enough.
    expect(await withIdentity((one) => ({ ...one, hub: `127.0.0.1:1,${cluster.listen}` }))).toMatchObject({ code: 0 })
    expect(await admin.mezctl("--identity", "/nowhere", "nodes", "ls")).toMatchObject(
      failed(/^mezctl: not logged in \(\/nowhere is missing\): msh login [^\n]+\n$/),
    )
    const short = join(cluster.directory, "short.json")
    await cluster.mezctl("auth", "sign", "--user", "ada", "--ttl", "1s", "--out", short)
    const { credentials, ...rest } = JSON.parse(readFileSync(short, "utf8"))
    await until("the certificate has expired", () => Date.now() > Date.parse(credentials.expires_at))
    expect(await admin.mezctl("--identity", short, "nodes", "ls")).toMatchObject(
      failed(
        /^mezctl: your certificate expired at \S+Z: have \S+ made anew \(mezctl auth sign\), or msh login [^\n]+\n$/,
      ),
    )
    const home = join(cluster.directory, "expired")
    mkdirSync(home)
    copyFileSync(short, join(home, "identity.json"))
    const expired = { ...admin.variables, MEZITE_HOME: home }
    expect(await runToEnd([...bundled("mezctl"), "nodes", "ls"], expired)).toMatchObject(
      failed(/^mezctl: your certificate expired at \S+Z: msh login --hub \S+ --ca-pin sha256:\w+ --user ada\n$/),
    )
    // Whatever the file says of it: the hub knows.
    expect(
      await withIdentity(() => ({ ...rest, credentials: { ...credentials, expires_at: "2999-01-01T00:00:00Z" } })),
    ).toMatchObject(failed(/^mezctl: [^\n]*expired[^\n]*\n$/))
    expect(await admin.mezctl("--local", "--identity", short, "nodes", "ls")).toMatchObject({ code: 2 })
  })

  it("refuses whoever is locked or removed, at once, and gives nobody more than the giver has", async () => {
    const deputy = await Person.logIn(cluster, "dora", "admin")
    expect(await deputy.mezctl("users", "ls")).toMatchObject({ code: 0 })
    const lock = (await admin.mezctl("locks", "add", "--user", "dora", "--reason", "lost laptop")).stdout
      .toString()
      .trim()
    expect(await deputy.mezctl("users", "ls")).toMatchObject({
      code: 1,
      stderr: "mezctl: dora is locked: lost laptop\n",
    })
    await admin.mezctl("locks", "rm", lock)
    writeFileSync(join(cluster.directory, "people.yaml"), "name: people\nallow:\n  admin: [users:write, users:sign]\n")
    await admin.mezctl("roles", "create", "-f", join(cluster.directory, "people.yaml"))
    await admin.mezctl("users", "update", "dora", "--roles", "people")
    const more = /^mezctl: that is somebody, or a role, that may do more than you: [^\n]+\n$/
    for (const words of [
      ["users", "add", "eve", "--roles", "admin", "--logins", login],
      ["users", "update", "dora", "--roles", "admin"],
      ["users", "reset", "ada"],
      ["users", "rm", "ada"],
      ["auth", "sign", "--user", "ada", "--ttl", "1h", "--out", join(cluster.directory, "ada-of-dora.json")],
    ]) {
      expect(await deputy.mezctl(...words)).toMatchObject({ code: 1, stderr: expect.stringMatching(more) })
    }
    expect(await admin.mezctl("users", "rm", "dora")).toMatchObject({ code: 0 })
    expect(await deputy.mezctl("users", "add", "eve", "--roles", "people", "--logins", login)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mezctl: [^\n]*know this user any more[^\n]*\n$/),
    })
  })

  it("lists a log that doesn't fit into its memory, to whoever reads, as far as they read, and until it is interrupted", async () => {
    const events = 100_000
    const database = new Database(join(cluster.hubDirectory, "hub.db"))
    database.exec(`
      WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < ${events})
      INSERT INTO audit_events (seq, id, time_ms, type, user_name, detail, digest)
      SELECT last.seq + n, substr(last.id, 1, 18) || printf('%08d', n), time_ms, 'user.login', 'many', '{}', digest
      FROM more, (SELECT * FROM audit_events ORDER BY seq DESC LIMIT 1) last`)
    database.close()
    const [node, program] = bundled("mezctl")
    const list = [node, "--max-old-space-size=32", program, "audit", "ls", "--user", "many", "--format=json"]
    const all = await runToEnd(list, admin.variables)
    expect({ code: all.code, stderr: all.stderr }).toEqual({ code: 0, stderr: "" })
    expect(JSON.parse(all.stdout.toString())).toHaveLength(events)
    const head = `"${list.join('" "')}" | head -n 2; echo "\${PIPESTATUS[0]}" >&2`
    const piped = await runToEnd(["bash", "-c", head], admin.variables)
    expect({ lines: piped.stdout.toString().split("\n").length, stderr: piped.stderr }).toEqual({
      lines: 3,
      stderr: "0\n",
    })
    const interrupted = new Program(list, admin.variables)
    await interrupted.shows(/"many"/)
    interrupted.kill("SIGINT")
    expect(await interrupted.ended).toMatchObject({ code: 130, stderr: "" })
  })
})
