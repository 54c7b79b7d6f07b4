import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { AuditEvent } from "../../src/domain/AuditEvent.ts"
import { Cluster, login } from "./support/Cluster.ts"
import { Person } from "./support/Person.ts"
import { Program, runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIvO2pYNpD7UyHXmTq0cO9f0dZ3kS7Q8k4Y1b2m5n6o7"

const noUlid = "0".repeat(26)

/** What an auditor and a user read of each command; an admin may do all of them, in this order. */
const table: ReadonlyArray<readonly [words: string, auditor: string, user: string]> = [
  ["status", "done", "done"],
  ["users ls", "done", "users:read"],
  ["users add temp --roles user --logins nobody-here", "users:write", "users:write"],
  ["users update temp --logins nobody-there", "users:write", "users:write"],
  ["users reset temp", "users:write", "users:write"],
  ["auth sign --user temp --ttl 1h --out DIRECTORY/temp.json", "users:sign", "users:sign"],
  ["users rm temp", "users:write", "users:write"],
  ["roles ls", "done", "roles:read"],
  ["roles get user", "done", "roles:read"],
  ["roles create -f DIRECTORY/role.yaml", "roles:write", "roles:write"],
  ["roles update -f DIRECTORY/role.yaml", "roles:write", "roles:write"],
  ["roles rm temp", "roles:write", "roles:write"],
  ["tokens add --type node --ttl 1h", "tokens:write", "tokens:write"],
  ["tokens ls --format=json", "tokens:read", "tokens:read"],
  ["tokens rm TOKEN", "tokens:write", "tokens:write"],
  ["nodes ls", "done", "done"],
  ["nodes label web-1 env=prod", "nodes:write", "nodes:write"],
  ["nodes add --openssh temp --addr 127.0.0.1:9 --logins root --host-key KEY", "nodes:write", "nodes:write"],
  ["nodes rm temp", "nodes:write", "nodes:write"],
  ["config ls", "settings:read", "settings:read"],
  ["config get session_recording", "settings:read", "settings:read"],
  ["config set session_recording node-sync", "settings:write", "settings:write"],
  ["ca export --type user", "done", "done"],
  ["audit ls --limit 5", "done", "audit:read"],
  ["audit verify", "done", "audit:read"],
  ["sessions ls", "done", "done"],
  ["recordings ls", "done", "done"],
  ["recordings download ENDED -o DIRECTORY/WHO.rec", "done", "there is no session ENDED"],
  ["recordings hold ENDED", "recordings:write", "recordings:write"],
  ["recordings release ENDED", "recordings:write", "recordings:write"],
  ["recordings rm ENDED", "recordings:write", "recordings:write"],
  ["sessions terminate RUNNING", "sessions:terminate", "sessions:terminate"],
  ["locks add --user temp-2", "locks:write", "locks:write"],
  ["locks ls", "done", "locks:read"],
  ["locks rm LOCK", "locks:write", "locks:write"],
]

/** Each command that changes something, as the audit log knows it. */
const changes = [
  ...["user.create", "user.update", "user.reset", "user.delete", "role.create", "role.update", "role.delete"],
  ...["token.create", "token.delete", "node.update", "node.join", "node.leave", "config.update"],
  ...["session.recording.access", "session.recording.hold", "session.recording.release", "session.recording.delete"],
  ...["session.terminate", "lock.create", "lock.delete"],
] as const

describe("mezctl where no hub is, by a login", { timeout: 180_000 }, () => {
  let cluster: Cluster
  let ended: string
  beforeAll(async () => {
    cluster = await Cluster.start()
    writeFileSync(join(cluster.directory, "role.yaml"), "name: temp\n")
    await runToEnd(await mshSsh.words(cluster, "web-1", { command: "true" }), cluster.userVariables)
    ended = (await cluster.lastSession()).session_id
  })
  afterAll(() => cluster.stop())

  const as = (person: Person, words: string, known: Readonly<Record<string, string>> = {}) =>
    person.mezctl(
      ...words.split(" ").map((word) => {
        const path = word.replace("DIRECTORY", cluster.directory).replace("WHO", person.name)
        return { ENDED: ended, RUNNING: ended, KEY: key, TOKEN: noUlid, LOCK: noUlid, ...known }[path] ?? path
      }),
    )

  const expectAnswer = async (person: Person, words: string, takes: string) => {
    const { code, stdout, stderr } = await as(person, words)
    if (takes === "done") return expect([words, code, stderr.trim().split("\n").length]).toEqual([words, 0, 1])
    const refused = `${person.name} may not do this (CALL): it takes a role that allows ${takes}`
    const line = takes.includes(" ") ? takes.replace("ENDED", ended) : refused
    const said = stderr.replace(/\(\w+\):/, "(CALL):")
    expect([words, code, stdout.toString(), said]).toEqual([words, 1, "", `mezctl: ${line}\n`])
  }

  it("refuses an auditor and a user what their roles don't allow, in a line that says what it takes", async () => {
    const auditor = await Person.logIn(cluster, "otto", "auditor")
    const user = await Person.logIn(cluster, "uma", "user")
    for (const [words, ofAuditor, ofUser] of table) {
      await Promise.all([expectAnswer(auditor, words, ofAuditor), expectAnswer(user, words, ofUser)])
    }
  })

  it("does all of it for an admin, and the audit log says who it was, and from where", async () => {
    const admin = await Person.logIn(cluster, "ada", "admin")
    const shell = new Program(await mshSsh.words(cluster, "web-1", { command: "sleep 600" }), cluster.userVariables)
    const running = await until("the session runs", async () => (await cluster.sessions()).find((s) => !s.ended_at))
    await cluster.mezctl("users", "add", "temp-2", "--roles", "user", "--logins", login)
    const since = (await cluster.audit("user.create"))[0]?.id ?? ""
    const known: Record<string, string> = { RUNNING: running.session_id }
    for (const [words] of table) {
      const { code, stdout, stderr } = await as(admin, words, known)
      expect([words, code, code === 0 ? "" : stderr]).toEqual([words, 0, ""])
      if (words.startsWith("tokens ls")) known.TOKEN = JSON.parse(stdout.toString())[0].id
      if (words.startsWith("locks add")) known.LOCK = stdout.toString().trim()
    }
    expect((await shell.ended).stderr).toContain("mezite: the session has ended: terminated by ada\n")
    const log = await admin.mezctl("audit", "ls", "--format=json")
    const events: ReadonlyArray<AuditEvent> = JSON.parse(log.stdout.toString())
    const news = events.filter(({ id }) => id > since)
    const from = { remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }
    for (const type of changes) {
      const [event] = news.filter((one) => one.type === type)
      expect([type, event]).toEqual([type, expect.objectContaining({ user: "ada", ...from })])
    }
    const signed = news.find(({ type, user }) => type === "user.login" && user === "temp")
    expect(signed).toMatchObject({ ...from, detail: { by: "ada" } })
    const deleted = news.find(({ type }) => type === "session.recording.delete")
    const copy = readFileSync(join(cluster.directory, "ada.rec"))
    expect(createHash("sha256").update(copy).digest("hex")).toBe(deleted?.detail.digest)
  })
})
