import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { totpCode, totpStep } from "../../src/auth/identities/Totp.ts"
import { type AuditEvent, AuditEventType } from "../../src/domain/AuditEvent.ts"
import { noProbe } from "../support/builtProbe.ts"
import { fromBase32 } from "../support/fromBase32.ts"
import { Cluster, login } from "./support/Cluster.ts"
import { bundled, Program, runToEnd } from "./support/Program.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

type Field = "user" | "session_id" | "node" | "login" | "remote_address"

const who: ReadonlyArray<Field> = ["user"]
const session: ReadonlyArray<Field> = ["user", "session_id", "node", "login", "remote_address"]
/** What somebody does at the hub's unix socket, which has no address. */
const onSession: ReadonlyArray<Field> = ["user", "session_id", "node", "login"]

/** Of each type of event: which fields it has always, and what of its own. Written out, so that a new type needs a row here too. */
const table: Readonly<Record<AuditEventType, readonly [ReadonlyArray<Field>, ReadonlyArray<string>]>> = {
  "user.login": [who, ["method", "expires_at"]],
  "user.login.failed": [["user", "remote_address"], ["reason"]],
  "user.create": [who, ["name", "roles", "logins"]],
  "user.update": [who, ["name", "old", "new"]],
  "user.reset": [who, ["name"]],
  "user.second_factor": [who, ["kind"]],
  "user.delete": [who, ["name", "old"]],
  "role.create": [who, ["name", "new"]],
  "role.update": [who, ["name", "old", "new"]],
  "role.delete": [who, ["name", "old"]],
  "token.create": [who, ["token_id", "kind", "uses", "expires_at"]],
  "token.delete": [who, ["token_id", "kind"]],
  "node.join": [
    ["node", "remote_address"],
    ["node_id", "labels"],
  ],
  "node.join.failed": [["remote_address"], ["name", "reason"]],
  "node.update": [
    ["user", "node"],
    ["old", "new"],
  ],
  "node.leave": [["user", "node"], ["node_id"]],
  "session.start": [session, ["mode", "mode_source", "command", "terminal", "program_version"]],
  "session.join": [session, ["session_user"]],
  "session.resize": [session, ["cols", "rows"]],
  "session.terminate": [onSession, ["session_user", "reason"]],
  "session.end": [session, ["duration_ms", "exit_code", "reason", "bytes", "frames", "recording_digest"]],
  "session.rejected": [["user", "node", "remote_address"], ["reason"]],
  "session.recording.stored": [session, ["digest", "bytes", "frames", "status"]],
  "session.recording.access": [session, ["session_user", "given"]],
  "session.recording.delete": [
    ["user", "session_id", "node", "login"],
    ["session_user", "digest", "bytes", "reason"],
  ],
  "session.recording.hold": [
    ["user", "session_id", "node", "login"],
    ["session_user", "digest", "reason"],
  ],
  "session.recording.release": [
    ["user", "session_id", "node", "login"],
    ["session_user", "digest"],
  ],
  "session.command": [session, ["program"]],
  "session.disk": [session, ["path"]],
  "session.network": [session, ["program", "way", "protocol", "address"]],
  sftp: [session, ["action"]],
  scp: [session, ["action"]],
  exec: [session, ["action", "program"]],
  port: [
    ["user", "node", "login", "remote_address"],
    ["action", "direction", "target"],
  ],
  "config.update": [who, ["key", "old", "new"]],
  "lock.create": [who, ["lock_id", "reason"]],
  "lock.delete": [who, ["lock_id"]],
}

const enhanced: ReadonlyArray<AuditEventType> = ["session.command", "session.disk", "session.network"]

describe("the audit log", () => {
  let cluster: Cluster
  let config = ""
  const alice = () => cluster.variablesOf(cluster.identity)
  const path = (name: string) => join(cluster.directory, name)
  beforeAll(async () => {
    const watched = noProbe === undefined ? { MEZITE_BPF_ENABLED: "true" } : {}
    cluster = await Cluster.start({ nodes: { "web-1": watched, "web-2": {} } })
    config = await cluster.sshConfig()
  })
  afterAll(() => cluster.stop())

  const loginWords = (user: string) => [
    ...bundled("msh"),
    ...["login", "--hub", cluster.listen, "--ca-pin", cluster.pin, "--user", user],
  ]

  const people = async () => {
    writeFileSync(path("strict.yaml"), "name: strict\noptions:\n  second_factor: required\n")
    await cluster.mezctl("roles", "create", "-f", path("strict.yaml"))
    await cluster.mezctl("roles", "update", "-f", path("strict.yaml"))
    const added = await cluster.mezctl("users", "add", "dora", "--roles", "user", "--logins", login)
    await cluster.mezctl("users", "update", "dora", "--roles", "user,strict")
    const env = { ...cluster.userVariables, MEZITE_HOME: path("dora") }
    const words = [...loginWords("dora"), "--invite", added.stdout.toString().trim()]
    const terminal = new Terminal(words, env, { cols: 200, rows: 24 })
    onTestFinished(() => terminal.close())
    await terminal.shows(/New password: $/)
    terminal.type("correct horse battery\r")
    await terminal.shows(/again: \r\n$|again: $/)
    terminal.type("correct horse battery\r")
    const [, secret = ""] = await terminal.shows(/\?secret=([A-Z2-7]{32})&[\s\S]*Code: $/)
    terminal.type(`${totpCode(fromBase32(secret), totpStep(Date.now()))}\r`)
    expect(await terminal.ended()).toMatchObject({ status: 0 })
    expect((await runToEnd([...loginWords("dora"), "--password-stdin"], env, "wrong horse\n000000\n")).code).toBe(1)
    await cluster.mezctl("users", "reset", "dora")
    await cluster.mezctl("users", "rm", "dora")
    await cluster.mezctl("roles", "rm", "strict")
  }

  const machines = async () => {
    await cluster.mezctl("nodes", "label", "web-2", "env=dev")
    await cluster.mezctl("nodes", "rm", "web-2")
    await cluster.mezctl("config", "set", "recording_retention", "90d")
    const secret = (await cluster.mezctl("tokens", "add", "--type", "node", "--ttl", "1h")).stdout.toString().trim()
    const [token] = JSON.parse((await cluster.mezctl("tokens", "ls", "--format=json")).stdout.toString())
    await cluster.mezctl("tokens", "rm", token.id)
    const stranger = { ...cluster.agentVariables("web-3"), ...cluster.hubForAgent("web-3"), MEZITE_JOIN_TOKEN: secret }
    expect((await runToEnd([...bundled("mezd"), "start"], stranger)).code).toBe(1)
    const lock = await cluster.mezctl("locks", "add", "--login", "nobody-here", "--reason", "a test")
    await cluster.mezctl("locks", "rm", lock.stdout.toString().trim())
  }

  const shell = async () => {
    const terminal = new Terminal(await mshSsh.words(cluster, "web-1"), alice())
    onTestFinished(() => terminal.close())
    await terminal.shows(/[#$] $/)
    terminal.resize(100, 30)
    terminal.type("cat /etc/hostname; bash -c ': < /dev/tcp/127.0.0.1/1'; echo all''-done\r")
    await terminal.shows(/all-done\r\n/)
    const { session_id: id } = await cluster.lastSession()
    const follower = new Program([...bundled("msh"), "play", "--follow", id], alice())
    await follower.shows(/all-done/)
    await cluster.mezctl("sessions", "terminate", id, "--reason", "a test")
    await Promise.all([follower.ended, terminal.ended()])
    await until("the recording is stored", async () => (await cluster.audit("session.recording.stored")).length > 0)
    await cluster.mezctl("recordings", "hold", id, "--reason", "a test")
    await cluster.mezctl("recordings", "release", id)
    await cluster.mezctl("recordings", "rm", id, "--reason", "a test")
  }

  const files = async () => {
    const done = async (...words: ReadonlyArray<string>) => expect((await runToEnd(words, alice())).code).toBe(0)
    const host = `${login}@web-1.mezite`
    writeFileSync(path("file"), "some bytes")
    await done("scp", "-q", "-F", config, path("file"), `${host}:${path("by-sftp")}`)
    await done("scp", "-O", "-q", "-F", config, path("file"), `${host}:${path("by-scp")}`)
    await done("rsync", "-e", `ssh -F ${config}`, path("file"), `${host}:${path("by-rsync")}`)
    const through = await runToEnd(["ssh", "-F", config, "-W", cluster.ssh, host], alice(), "")
    expect(through.stdout.toString()).toContain("SSH-2.0")
    const refused = await runToEnd(await mshSsh.words(cluster, "web-1", { login: "games", command: "id" }), alice())
    expect(refused.code).toBe(255)
  }

  const told = async (): Promise<ReadonlyArray<AuditEvent>> =>
    JSON.parse((await cluster.mezctl("audit", "ls", "--format=json")).stdout.toString())

  /** What nodes tell comes a moment later. */
  const missing = async () => {
    const found = new Set((await told()).map(({ type }) => type))
    const wanted = AuditEventType.literals.filter((type) => noProbe === undefined || !enhanced.includes(type))
    return wanted.filter((type) => !found.has(type))
  }

  const isComplete = (event: AuditEvent) => {
    const [fields, details] = table[event.type]
    return fields.every((field) => event[field] !== null) && details.every((name) => name in event.detail)
  }

  it("is told by the real programs of everything that it has a name for", async () => {
    await Promise.all([people(), machines(), shell(), files()])
    let left: ReadonlyArray<string> = []
    await until("all that there is a name for", async () => {
      left = await missing()
      return left.length === 0
    }).catch(() => expect(left).toEqual([]))
    const events = await told()
    for (const { id, time } of events) {
      expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
      expect(new Date(time).toISOString()).toBe(time)
    }
    const complete = new Set(events.filter(isComplete).map(({ type }) => type))
    expect(events.filter(({ type }) => !complete.has(type))).toEqual([])
    expect((await cluster.mezctl("audit", "verify")).stdout.toString()).toMatch(/^OK: \d+ events/)
  }, 120_000)
})
