import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { Cluster, login } from "./support/Cluster.ts"
import { openShell } from "./support/openShell.ts"
import { Program, runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const certified = /Accepted publickey for (\S+) .* ID (\S+) session=(\S+) \(serial \d+\)/

describe("a node without an agent", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: {}, targets: ["db-1"] })
  })
  afterAll(() => cluster.stop())

  const run = async (command: string, options: { readonly login?: string; readonly node?: string } = {}) =>
    runToEnd(await mshSsh.words(cluster, options.node ?? "db-1", { command, ...options }), cluster.userVariables)

  const nodes = async () => JSON.parse((await cluster.mezctl("nodes", "ls", "--format=json")).stdout.toString())

  const lastRefusal = async () => (await cluster.audit("session.rejected"))[0]

  it("is listed with what it is, its machine knows the user, and the login is the only principal", async () => {
    await until("it is served", async () => (await nodes())[0]?.mode === "node-sync")
    const [node] = await nodes()
    expect(node).toMatchObject({ name: "db-1", online: true, mode_source: "cluster" })
    expect(node.openssh).toEqual({
      address: cluster.target().address,
      logins: [login, "nobody-here"],
      host_key: readFileSync(join(cluster.directory, "db-1/host.pub"), "utf8").split(" ").slice(0, 2).join(" "),
    })
    expect(await run("true")).toMatchObject({ code: 0, stderr: "" })
    const [, as, user, session] = certified.exec(cluster.target().log) ?? []
    expect([as, user, session]).toEqual([login, "alice", (await cluster.lastSession()).session_id])
    await until("the machine is left", () => cluster.target().log.includes(`Disconnected from user ${login}`))
  })

  it("has a machine that does not take the users' own certificates, by which nobody would be recorded", async () => {
    const config = await cluster.sshConfig()
    const past = ["-o", "ProxyCommand=none", "-o", "HostName=127.0.0.1", "-p", `${cluster.target().port}`]
    const accepting = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    const ssh = ["ssh", "-F", config, ...past, ...accepting, `${login}@db-1.mezite`, "echo past the hub"]
    const ended = await runToEnd(ssh, cluster.userVariables)
    expect([ended.code, ended.stdout.toString()]).toEqual([255, ""])
    expect(cluster.target().log).toContain('Certificate critical option "hub-only@mezite" is not supported')
  })

  it("gets of the environment what its sshd accepts, and no authentication agent", async () => {
    const config = await cluster.sshConfig()
    const sent = ["-o", "SendEnv=LC_MEZITE NOT_ACCEPTED", "-o", "SetEnv=LC_SET=set", "-A"]
    const command = 'echo "[$LC_MEZITE] [$LC_SET] [$NOT_ACCEPTED] [$SSH_AUTH_SOCK]"'
    const variables = { ...cluster.userVariables, LC_MEZITE: "it came", NOT_ACCEPTED: "no", SSH_AUTH_SOCK: "/nowhere" }
    const ended = await runToEnd(["ssh", "-F", config, ...sent, `${login}@db-1.mezite`, command], variables)
    expect([ended.code, ended.stdout.toString()]).toEqual([0, "[it came] [set] [] []\n"])
  })

  it("forwards no port for whom no role allows it, though the certificate would", async () => {
    const [role, carol] = ["ops.yaml", "carol.json"].map((name) => join(cluster.directory, name)) as [string, string]
    writeFileSync(role, `name: ops\nallow:\n  logins: ["*"]\n  node_labels: ["*"]\n  port_forwarding: false\n`)
    await cluster.mezctl("roles", "create", "-f", role)
    await cluster.mezctl("users", "add", "carol", "--roles", "ops", "--logins", login)
    await cluster.mezctl("auth", "sign", "--user", "carol", "--ttl", "1h", "--out", carol)
    const before = cluster.target().log.split("Accepted publickey").length
    const to = `127.0.0.1:${cluster.target().port}`
    const ssh = ["ssh", "-F", await cluster.sshConfig(carol), "-o", "ExitOnForwardFailure=yes"]
    const run = (...words: ReadonlyArray<string>) =>
      runToEnd([...ssh, ...words, `${login}@db-1.mezite`], cluster.variablesOf(carol))
    const local = await run("-W", to)
    expect(local).toMatchObject({
      code: 255,
      stderr: expect.stringContaining("port forwarding is not allowed for you on this node"),
    })
    expect((await run("-N", "-R", `0:${to}`)).code).toBe(255)
    expect(cluster.target().log.split("Accepted publickey").length).toBe(before)
    const refused = (await cluster.audit("session.rejected")).filter(({ user }) => user === "carol")
    expect(refused.map(({ detail }) => detail.direction).sort()).toEqual(["local", "remote"])
    await cluster.mezctl("users", "rm", "carol")
  })

  it("runs several sessions of one connection over one connection", async () => {
    const config = await cluster.sshConfig()
    const socket = join(cluster.directory, "control")
    const ssh = ["ssh", "-F", config, "-o", `ControlPath=${socket}`]
    const master = new Program([...ssh, "-M", "-N", `${login}@db-1.mezite`], cluster.userVariables)
    await until("the master is there", () => existsSync(socket))
    const before = cluster.target().log.split("Accepted publickey").length
    const ended = await Promise.all(
      [1, 2, 3].map((code) => runToEnd([...ssh, `${login}@db-1.mezite`, `exit ${code}`], cluster.userVariables)),
    )
    expect(ended.map(({ code }) => code)).toEqual([1, 2, 3])
    expect(cluster.target().log.split("Accepted publickey").length).toBe(before + 1)
    master.kill("SIGTERM")
    await master.ended
  })

  it("says which login it does not have, or does not let in", async () => {
    const refused = await run("true", { login: "daemon" })
    expect(refused.code).toBe(255)
    const unknown = await run("true", { login: "nobody-here" })
    const line = `db-1 (${cluster.target().address}) does not let nobody-here in: there is no such account, or its sshd does not trust the cluster's user CA (TrustedUserCAKeys), or its settings forbid it`
    expect(unknown).toMatchObject({ code: 255, stderr: expect.stringContaining(`mezite: ${line}\n`) })
    expect(await lastRefusal()).toMatchObject({ user: "alice", node: "db-1", detail: { reason: line } })
  })

  describe("whose machine is another, or away", () => {
    afterEach(async () => {
      await until("it is as it was", async () => (await run("true")).code === 0)
    })

    it("is not logged in at while it shows another host key", async () => {
      const key = join(cluster.directory, "db-1/host")
      const old = [readFileSync(key, "utf8"), readFileSync(`${key}.pub`, "utf8")] as const
      const restart = async () => {
        await cluster.target().kill()
        await cluster.target().start()
      }
      cluster.target().newHostKey()
      await restart()
      const refused = await run("true")
      expect(refused.code).toBe(255)
      expect(refused.stderr).toMatch(
        /^mezite: db-1 \(127\.0\.0\.1:\d+\) is not the machine that was added: the server's host key SHA256:\S+ is not the one that was expected \(SHA256:\S+\); if its key was changed on purpose, [^\n]*\n$/,
      )
      expect((await lastRefusal())?.detail.reason).toContain("is not the machine that was added")
      expect(cluster.target().log).not.toMatch(certified)
      expect((await nodes())[0]).toMatchObject({ online: false })
      writeFileSync(key, old[0], { mode: 0o600 })
      writeFileSync(`${key}.pub`, old[1])
      await restart()
    })

    it("says that it cannot be reached", async () => {
      await cluster.target().kill()
      const refused = await run("true")
      const line = `db-1 (${cluster.target().address}) cannot be reached: nothing listens there (connection refused)`
      expect(refused).toMatchObject({ code: 255, stderr: `mezite: ${line}\n` })
      expect(await lastRefusal()).toMatchObject({ user: "alice", node: "db-1", detail: { reason: line } })
      await cluster.target().start()
    })
  })

  it("copies files, which are audited and kept nowhere", async () => {
    const marker = `carried-${randomBytes(8).toString("hex")}`
    const [from, to, back] = ["from", "to it's ~", "back"].map((name) => join(cluster.directory, name)) as [
      string,
      string,
      string,
    ]
    const config = await cluster.sshConfig()
    const host = `${login}@db-1.mezite`
    const copies = [
      ["sftp", [], `${host}:${to}`, 200_000_000],
      ["scp", ["-O"], `${host}:${to.replaceAll(/[ '~]/g, "\\$&")}`, 2_000_000],
    ] as const
    for (const [type, options, target, bytes] of copies) {
      writeFileSync(from, Buffer.concat([Buffer.from(marker), randomBytes(bytes), Buffer.from(marker)]))
      const copy = ["scp", "-q", "-F", config, ...options, from, target]
      const done = await runToEnd(copy, cluster.userVariables)
      expect(done).toMatchObject({ code: 0, stderr: "" })
      expect(readFileSync(to).equals(readFileSync(from))).toBe(true)
      const events = await until("its end is audited", async () => {
        const all = await cluster.audit(type)
        return all[0]?.detail.action === "end" && all
      })
      const upload = events.find(({ detail }) => detail.action === "upload")
      expect(upload).toMatchObject({ user: "alice", node: "db-1", login, detail: { path: to, result: "ok" } })
    }
    const rsync = ["rsync", "-a", "-e", `ssh -F ${config}`, `${host}:${from}`, back]
    expect(await runToEnd(rsync, cluster.userVariables)).toMatchObject({ code: 0, stderr: "" })
    expect(readFileSync(back).equals(readFileSync(from))).toBe(true)
    expect((await cluster.audit("exec"))[0]?.detail).toMatchObject({ program: "rsync", direction: "download" })
    const kept = await runToEnd(["grep", "-rlaF", marker, cluster.hubDirectory], {})
    expect(kept.stdout.toString()).toBe("")
  })

  it("is cut off by a lock, and served no more once it was removed", async () => {
    const { terminal } = await openShell(cluster, "db-1")
    await cluster.mezctl("locks", "add", "--node", "db-1", "--ttl", "1h")
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(/\r\nmezite: the session has ended: [^\r]*db-1[^\r]*locked/)
    const [lock] = JSON.parse((await cluster.mezctl("locks", "ls", "--format=json")).stdout.toString())
    await cluster.mezctl("locks", "rm", lock.id)
    const second = await until(
      "it is open again",
      async () => (await run("true")).code === 0 && openShell(cluster, "db-1"),
    )
    await cluster.mezctl("nodes", "rm", "db-1")
    expect(await second.terminal.ended()).toMatchObject({ status: 255 })
    expect(await run("true")).toMatchObject({ code: 255, stderr: expect.stringContaining('there is no node "db-1"') })
    expect(await nodes()).toEqual([])
  })
})
