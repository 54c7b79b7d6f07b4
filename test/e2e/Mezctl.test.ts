import { createHash } from "node:crypto"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import Database from "better-sqlite3"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const rfc3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/)

describe("mezctl on the hub's host", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: { "web-1": { MEZITE_NODE_LABELS: "env=prod,role=web" } } })
    await runToEnd(await mshSsh.words(cluster, "web-1", { command: "exit 4" }), cluster.userVariables)
  })
  afterAll(() => cluster.stop())

  const text = async (...words: ReadonlyArray<string>) => (await cluster.mezctl(...words)).stdout.toString()
  const json = async (...words: ReadonlyArray<string>) => JSON.parse(await text(...words, "--format=json"))

  it("users add gives an invite alone on stdout; users ls shows it; users rm takes it away", async () => {
    const added = await cluster.mezctl("users", "add", "bob", "--roles", "user,auditor", "--logins", "root,deploy")
    expect(added.stdout.toString()).toMatch(/^[\w-]{20,}\n$/)
    expect(added.stderr).toMatch(/^bob logs in once with it, until [^\n]+\n$/)
    expect(await json("users", "ls")).toContainEqual({
      name: "bob",
      roles: ["user", "auditor"],
      logins: ["root", "deploy"],
      created_at: rfc3339,
      activated: false,
    })
    expect(await text("users", "ls")).toMatch(
      /^NAME +ROLES +LOGINS +ACTIVATED +CREATED\n[\s\S]*^bob +user,auditor +root,deploy +no +\d/m,
    )
    const again = await cluster.tryMezctl("users", "add", "bob", "--roles", "user", "--logins", "root")
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^mezctl: [^\n]*bob[^\n]*\n$/),
    })
    await cluster.mezctl("users", "rm", "bob")
    expect(await text("users", "ls")).not.toContain("bob")
    const gone = await cluster.tryMezctl("users", "rm", "bob")
    expect(gone).toMatchObject({ code: 1, stderr: "mezctl: there is no user bob\n" })
  })

  it("auth sign writes an identity for its owner's eyes only, and says until when", async () => {
    const file = join(cluster.directory, "machine.json")
    const { stdout, stderr } = await cluster.mezctl("auth", "sign", "--user", "alice", "--ttl", "10m", "--out", file)
    expect(stdout.toString()).toBe("")
    expect(stderr).toMatch(/^\S+machine\.json: the identity of alice until \S+; use it with msh --identity \S+\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const status = await runToEnd([...bundled("msh"), "--identity", file, "status"], cluster.userVariables)
    expect(status).toMatchObject({ code: 0, stderr: "" })
    const nobody = await cluster.tryMezctl("auth", "sign", "--user", "zoe", "--ttl", "1h", "--out", file)
    expect(nobody).toMatchObject({ code: 1, stderr: "mezctl: there is no user zoe\n" })
    const forEver = await cluster.tryMezctl("auth", "sign", "--user", "alice", "--ttl", "soon", "--out", file)
    expect(forEver).toMatchObject({ code: 2, stderr: expect.stringMatching(/^mezctl: [^\n]*soon[^\n]*\n$/) })
  })

  it("tokens add gives a token alone on stdout, good until its time is over", async () => {
    const token = await text("tokens", "add", "--type", "node", "--ttl", "1s")
    expect(token).toMatch(/^[\w-]{20,}\n$/)
    const [event] = await cluster.audit("token.create")
    await until("the token's time is over", () => Date.now() > Date.parse(String(event?.detail.expires_at)))
    for (const bad of [token.trim(), "x".repeat(token.length - 1)]) {
      const variables = { ...cluster.agentVariables("web-2"), ...cluster.hubForAgent("web-2"), MEZITE_JOIN_TOKEN: bad }
      const { code, stdout, stderr } = await runToEnd([...bundled("mezd"), "start"], variables)
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toMatch(/^mezd: [^\n]*token[^\n]*\n$/)
      expect(stderr).not.toContain(bad)
    }
    expect(await json("nodes", "ls")).toHaveLength(1)
  })

  it("nodes ls shows the node, its mode and labels", async () => {
    const [node, ...more] = await json("nodes", "ls")
    expect(more).toEqual([])
    expect(node).toMatchObject({
      name: "web-1",
      online: true,
      labels: { env: "prod", role: "web" },
      mode: "node-sync",
      mode_source: "cluster",
      weaker_than_cluster: false,
      joined_at: rfc3339,
    })
    expect(await text("nodes", "ls")).toMatch(
      /^web-1 +agent +yes +node-sync \(cluster\) +\S+ +\S+ +env=prod,role=web$/m,
    )
  })

  it("config get, set and ls agree", async () => {
    expect(await text("config", "get", "session_recording")).toBe("node-sync\n")
    await cluster.mezctl("config", "set", "session_recording", "node")
    expect(await json("config", "ls")).toContainEqual({ key: "session_recording", value: "node" })
    expect(await text("config", "ls")).toMatch(/^session_recording +node$/m)
    expect((await cluster.audit("config.update"))[0]?.detail).toMatchObject({ key: "session_recording" })
    const unknown = await cluster.tryMezctl("config", "set", "colour", "red")
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/^mezctl: [^\n]*colour[^\n]*\n$/) })
    await cluster.mezctl("config", "set", "session_recording", "node-sync")
  })

  it("sessions ls and msh sessions ls show the session", async () => {
    const shown = {
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user: "alice",
      node: "web-1",
      login,
      started_at: rfc3339,
      ended_at: rfc3339,
      mode: "node-sync",
      status: "completed",
      exit_code: 4,
    }
    expect(await json("sessions", "ls")).toEqual([expect.objectContaining(shown)])
    expect(await json("sessions", "ls", "--active")).toEqual([])
    const own = await cluster.msh("sessions", "ls", "--format=json")
    expect(JSON.parse(own.stdout.toString())).toEqual([expect.objectContaining(shown)])
    const columns = /^SESSION ID +USER +NODE +LOGIN +STARTED +ENDED\n[0-9a-f-]{36} +alice +web-1 +\S+ +\S+ +\S+\n$/
    expect(await text("sessions", "ls")).toMatch(columns)
    expect((await cluster.msh("sessions", "ls", "--node", "web-9")).stdout.toString()).not.toContain("alice")
  })

  it("audit ls tells what happened, filtered; audit verify walks the chain", async () => {
    const events = await json("audit", "ls", "--session", (await cluster.lastSession()).session_id)
    const types = events.map(({ type }: { type: string }) => type)
    expect(types).toEqual(["session.recording.stored", "session.end", "session.start"])
    expect(events[1]).toMatchObject({
      id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      time: rfc3339,
      user: "alice",
      node: "web-1",
      login,
      remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      detail: { exit_code: 4, status: "completed", recording_digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(await json("audit", "ls", "--type", "node.join", "--last", "1h")).toHaveLength(1)
    expect(await json("audit", "ls", "--limit", "2")).toHaveLength(2)
    expect(await json("audit", "ls", "--user", "zoe")).toEqual([])
    expect(await text("audit", "ls", "--limit", "1")).toMatch(
      /^TIME +TYPE +USER +NODE +LOGIN +SESSION ID +DETAIL\n\S+ /,
    )
    const file = readFileSync(cluster.recording(events[1].session_id))
    expect(createHash("sha256").update(file).digest("hex")).toBe(events[1].detail.recording_digest)
    expect(await json("audit", "ls", "--node", "web-1", "--type", "session.end")).toHaveLength(1)
  })

  it("ca export gives what ssh-keygen reads", async () => {
    for (const type of ["user", "host"]) {
      const line = await text("ca", "export", "--type", type)
      const read = await runToEnd(["ssh-keygen", "-l", "-f", "-"], { PATH: process.env.PATH ?? "" }, line)
      expect(read.stdout.toString()).toMatch(/^256 SHA256:\S+ .*\(ED25519\)\n$/)
    }
  })

  it("wrong usage is 2, and no hub is 1, each in one line", async () => {
    for (const words of [["nodes"], ["users", "add"], ["nonsense"], ["config", "set", "session_recording"]]) {
      const { code, stderr } = await cluster.tryMezctl(...words)
      expect({ words, code }).toEqual({ words, code: 2 })
      expect(stderr).toMatch(/^mezctl: [^\n]+\n$/)
    }
    const away = { ...cluster.hubVariables, MEZITE_DATA_DIR: cluster.home }
    const { code, stderr } = await runToEnd([...bundled("mezctl"), "nodes", "ls"], away)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^mezctl: [^\n]*MEZITE_DATA_DIR[^\n]*hub\.sock[^\n]*msh login[^\n]*\n$/)
  })

  it("nodes rm removes a node: its agent ends, and it is no longer there", async () => {
    await cluster.mezctl("nodes", "rm", "web-1")
    const { code } = await cluster.agent().ended
    expect(code).toBe(1)
    expect(cluster.agent().stderr).toMatch(/^mezd: [^\n]*removed[^\n]*$/m)
    expect(await json("nodes", "ls")).toEqual([])
  })

  it("audit verify tells by name which event was edited in the database, and prints a head that a log must go through", async () => {
    const verified = await text("audit", "verify")
    const [, count, head = ""] =
      /^OK: (\d+) events, each follows from the one before it\nhead: (\d+:[0-9a-f]{64})\n$/.exec(verified) ?? []
    expect(head.split(":")[0]).toBe(count)
    expect(await text("audit", "verify", "--head", head)).toMatch(/^OK: /)
    const other = await cluster.tryMezctl("audit", "verify", "--head", `${count}:${"0".repeat(64)}`)
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mezctl: the audit log is BROKEN: event \d+ \(\w{26}\) is another than it was /),
    })
    const database = new Database(join(cluster.hubDirectory, "hub.db"))
    const edit = "UPDATE audit_events SET user_name = 'mallory' WHERE seq = 3"
    expect(() => database.exec(edit)).toThrow("only ever appended to")
    database.exec(`DROP TRIGGER audit_no_update; ${edit}`)
    const { id } = database.prepare("SELECT id FROM audit_events WHERE seq = 3").get() as { readonly id: string }
    database.close()
    const broken = await cluster.tryMezctl("audit", "verify")
    expect(broken).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^mezctl: the audit log is BROKEN: event 3 \\(${id}\\) does not follow from event 2 [^\n]*\n$`),
      ),
    })
  })
})
