import { execFileSync, spawn } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const password = "correct horse battery staple"

/** Every file under a directory. */
const filesUnder = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe("msh login", () => {
  let cluster: Cluster
  let invite: string
  beforeAll(async () => {
    cluster = await Cluster.start()
    const added = await cluster.mezctl("users", "add", "bob", "--roles", "user", "--logins", login)
    invite = added.stdout.toString().trim()
  })
  afterAll(() => cluster.stop())

  /** bob has no identity but what a login gives. */
  const variables = () => {
    const { MEZITE_IDENTITY: _, ...rest } = cluster.userVariables
    return { ...rest, MEZITE_HOME: join(cluster.directory, "bob") }
  }
  const msh = (words: ReadonlyArray<string>, input = "") => runToEnd([...bundled("msh"), ...words], variables(), input)
  const logIn = (more: ReadonlyArray<string>, input: string) =>
    msh(
      ["login", "--hub", cluster.listen, "--ca-pin", cluster.pin, "--user", "bob", "--password-stdin", ...more],
      input,
    )

  it("is asked for by what needs one", async () => {
    for (const [code, ...words] of [
      [1, "status"],
      [1, "sessions", "ls"],
      [255, "ssh", "web-1", "true"],
    ] as const) {
      const ended = await msh(words)
      expect(ended.code).toBe(code)
      expect(ended.stderr).toMatch(/^msh: not logged in \(\S+ is missing\): msh login --hub HOST:PORT --user NAME\n$/)
    }
  })

  it("with an invite makes the password, once", async () => {
    const wrong = await logIn(["--invite", "x".repeat(invite.length)], `${password}\n`)
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/^msh: [^\n]+\n$/) })
    const first = await logIn(["--invite", invite], `${password}\n`)
    expect(first).toMatchObject({ code: 0, stderr: "" })
    expect(first.stdout.toString()).toMatch(/^Logged in to mezite as bob until \d{4}-\S+Z\.\n$/)
    const second = await logIn(["--invite", invite], "another password\n")
    expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/^msh: [^\n]+\n$/) })
    const ran = await msh(["ssh", `${login}@web-1`, "echo in"])
    expect({ code: ran.code, stdout: ran.stdout.toString() }).toEqual({ code: 0, stdout: "in\n" })
  })

  it("shows nobody who lists processes an invite, and asks for one unseen", async () => {
    const { stdout } = await cluster.mezctl("users", "add", "ida", "--roles", "user", "--logins", login)
    const secret = stdout.toString().trim()
    const words = [...bundled("msh"), "login", "--hub", cluster.listen, "--ca-pin", cluster.pin, "--user", "ida"]
    const env = { ...variables(), MEZITE_HOME: join(cluster.directory, "ida") }
    const [program = "", ...rest] = [...words, "--invite", secret, "--password-stdin"]
    const shown = spawn(program, rest, { env, stdio: ["pipe", "ignore", "ignore"] })
    onTestFinished(() => void shown.kill("SIGKILL"))
    // It waits for the password.
    const listed = () => execFileSync("ps", ["-ww", "-o", "args=", "-p", String(shown.pid)]).toString()
    await until("the invite is hidden", () => listed().includes("--user ida --invite … --password-stdin"))
    expect(listed()).not.toContain(secret)
    const asked = new Terminal([...words, "--invite", "-"], env)
    onTestFinished(() => asked.close())
    await asked.shows(/Invite: $/)
    asked.type(`${secret}\r${password}\r${password}\r`)
    await asked.shows(/Logged in to mezite as ida until /)
    expect(asked.text).not.toContain(secret)
    const anew = await cluster.mezctl("users", "reset", "ida")
    const piped = await runToEnd([...words, "--invite", "-", "--password-stdin"], env, `${anew.stdout}${password}\n`)
    expect(piped).toMatchObject({ code: 0, stderr: "" })
  })

  it("leaves only files that nobody else may read", async () => {
    const files = filesUnder(join(cluster.directory, "bob"))
    expect(files.length).toBeGreaterThanOrEqual(4)
    const kept = [...filesUnder(cluster.hubDirectory), ...filesUnder(cluster.agentDirectory("web-1"))]
    for (const file of [...files, ...kept])
      expect([file, (statSync(file).mode & 0o077).toString(8)]).toEqual([file, "0"])
    expect((statSync(join(cluster.hubDirectory, "hub.sock")).mode & 0o777).toString(8)).toBe("600")
  })

  it("says who is logged in, and forgets it", async () => {
    const status = await msh(["status"])
    expect(status.stdout.toString()).toMatch(
      /^User: +bob\nCluster: +mezite\nHub: +\S+\nRoles: +user\nLogins: +\S+\nExpires: +\S+Z\n$/,
    )
    expect(await msh(["logout"])).toMatchObject({ code: 0, stdout: Buffer.from("Logged out.\n") })
    expect(filesUnder(join(cluster.directory, "bob"))).toEqual([])
    expect((await msh(["status"])).code).toBe(1)
  })

  it("with a password goes on, and with a wrong one not, which is audited", async () => {
    const wrong = await logIn([], "wrong\n")
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toMatch(/^msh: [^\n]*(?:password|user)[^\n]*\n$/)
    expect((await msh(["status"])).code).toBe(1)
    const [failed] = await cluster.audit("user.login.failed")
    expect(failed).toMatchObject({ user: "bob", detail: { method: "password" } })
    expect(failed?.remote_address).toMatch(/^127\.0\.0\.1/)
    expect(await logIn([], `${password}\n`)).toMatchObject({ code: 0, stderr: "" })
    expect((await msh(["status"])).code).toBe(0)
    expect(await cluster.audit("user.login")).toContainEqual(expect.objectContaining({ user: "bob" }))
  })

  it("trusts no hub without its pin, and none with another", async () => {
    const words = ["login", "--hub", cluster.listen, "--user", "bob", "--password-stdin"]
    for (const pin of [[], ["--ca-pin", `sha256:${"a".repeat(64)}`]]) {
      const { code, stderr } = await msh([...words, ...pin], `${password}\n`)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^msh: [^\n]*pin[^\n]*\n$/)
    }
    const nowhere = await msh(["login", "--hub", "127.0.0.1:1", "--user", "bob", "--password-stdin"], "x\n")
    expect(nowhere.stderr).toMatch(/^msh: [^\n]*127\.0\.0\.1:1[^\n]*connection refused[^\n]*\n$/)
  })

  it("keeps secrets out of logs, and out of sessions", async () => {
    const env = await runToEnd(await mshSsh.words(cluster, "web-1", { command: "env" }), cluster.userVariables)
    expect(env.stdout.toString()).not.toMatch(/MEZITE_(?!SESSION_ID=)/)
    const logs = [cluster.hub, cluster.agent()].map(({ stdout, stderr }) => stdout + stderr).join("")
    expect(logs).toContain("node is online")
    for (const secret of [password, invite, ...cluster.joinTokens, "eyJ", "PRIVATE KEY"]) {
      expect(logs).not.toContain(secret)
      expect(JSON.stringify(await cluster.audit("user.login"))).not.toContain(secret)
    }
  })
})
