import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { AuditEvent } from "../../src/domain/AuditEvent.ts"
import { type Account, account } from "./support/account.ts"
import { Cluster } from "./support/Cluster.ts"
import { Program, runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { until } from "./support/until.ts"

const marker = "transferred-payload-that-is-nowhere-kept"

describe("file transfers", () => {
  let cluster: Cluster
  let bob: Account
  let identity: string
  let config: string
  let here: string
  let there: string
  const content = Buffer.concat([Buffer.from(marker), randomBytes(3_000_000), Buffer.from(marker)])

  beforeAll(async () => {
    cluster = await Cluster.start()
    bob = account()
    identity = join(cluster.directory, "bob.json")
    await cluster.mezctl("users", "add", "bob", "--roles", "user", "--logins", bob.name)
    await cluster.mezctl("auth", "sign", "--user", "bob", "--ttl", "1h", "--out", identity)
    config = await cluster.sshConfig(identity)
    here = mkdtempSync(join(tmpdir(), "mezite-here-"))
    there = join(bob.home, "there")
    writeFileSync(join(here, "big"), content)
    mkdirSync(join(here, "tree", "sub"), { recursive: true })
    for (const name of ["a", "sub/b", "sub/c d"]) writeFileSync(join(here, "tree", name), `${marker} ${name}`)
    await remote(`mkdir ${there}`)
  })
  afterAll(async () => {
    rmSync(here, { recursive: true })
    bob.remove()
    await cluster.stop()
  })

  const run = async (words: ReadonlyArray<string>, input = "") => runToEnd(words, cluster.variablesOf(identity), input)
  const host = () => `${bob.name}@web-1.mezite`
  const remote = (command: string) => run(["ssh", "-F", config, host(), command])

  const done = async (words: ReadonlyArray<string>, input = "") => {
    const { code, stdout, stderr } = await run(words, input)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    return stdout.toString()
  }

  /** What a transfer that has just ended told the audit log, oldest first. */
  const told = async (type: AuditEvent["type"], transfer: () => Promise<unknown>) => {
    const before = new Set((await cluster.audit(type)).map(({ id }) => id))
    await transfer()
    return until("the transfer's end is audited", async () => {
      const fresh = (await cluster.audit(type)).filter(({ id }) => !before.has(id)).reverse()
      return fresh.some(({ detail }) => detail.action === "end") && fresh
    })
  }
  const details = (events: ReadonlyArray<AuditEvent>) => events.map(({ detail }) => detail)

  const expectOwn = (path: string) => {
    const { uid } = statSync(path)
    expect(uid).toBe(bob.uid)
    return readFileSync(path)
  }

  it("sftp puts, gets, lists, renames and removes as the login, and every file is audited", async () => {
    const batch = [
      `put ${here}/big ${there}/big`,
      `rename ${there}/big ${there}/renamed`,
      `ls ${there}`,
      `get ${there}/renamed ${here}/back`,
      `get ${there}/forged* ${here}/forged`,
      `-get ${there}/../../../../../../etc/shadow ${here}/none`,
      `mkdir ${there}/made`,
      `rmdir ${there}/made`,
      `rm ${there}/renamed`,
    ].join("\n")
    await remote(`touch "$(printf '${there}/forged\\n2026 port root')"`)
    const events = await told("sftp", async () => {
      const out = await run(["sftp", "-F", config, "-b", "-", host()], batch)
      expect(out.code).toBe(0)
      expect(out.stdout.toString()).toContain(`${there}/renamed`)
    })
    expect(readFileSync(join(here, "back")).equals(content)).toBe(true)
    expect(details(events)[0]).toMatchObject({ action: "start" })
    const files = details(events).filter(({ path }) => path !== undefined)
    expect(files).toMatchObject([
      { action: "upload", path: `${there}/big`, bytes: content.length, result: "ok" },
      { action: "rename", path: `${there}/big`, to: `${there}/renamed`, result: "ok" },
      { action: "list", path: `${there}/`, result: "ok" },
      { action: "download", path: `${there}/renamed`, bytes: content.length, result: "ok" },
      { action: "list", path: `${there}/` },
      { action: "download", path: `${there}/forged\\x0a2026 port root`, bytes: 0, result: "ok" },
      { action: "download", path: `${there}/../../../../../../etc/shadow`, bytes: 0, result: "permission denied" },
      { action: "mkdir", path: `${there}/made` },
      { action: "rmdir", path: `${there}/made` },
      { action: "remove", path: `${there}/renamed`, result: "ok" },
    ])
    expect(details(events).at(-1)).toMatchObject({
      action: "end",
      exit_code: 0,
      uploaded: { files: 1, bytes: content.length },
      downloaded: { files: 3, bytes: content.length },
    })
    expect(events[0]).toMatchObject({ user: "bob", node: "web-1", login: bob.name })
    expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1)
  })

  it.each([
    ["scp", "sftp", []],
    ["scp -O", "scp", ["-O"]],
  ] as const)("%s copies both ways, trees too", async (_, type, options) => {
    const scp = ["scp", "-q", "-F", config, ...options]
    const target = `${there}/${type}`
    const up = await told(type, () => done([...scp, join(here, "big"), `${host()}:${target}`]))
    expect(expectOwn(target).equals(content)).toBe(true)
    expect(details(up)).toContainEqual(
      expect.objectContaining({ action: "upload", path: target, bytes: content.length, result: "ok" }),
    )
    const down = await told(type, () => done([...scp, `${host()}:${target}`, join(here, `${type}-back`)]))
    expect(readFileSync(join(here, `${type}-back`)).equals(content)).toBe(true)
    expect(details(down)).toContainEqual(
      expect.objectContaining({ action: "download", path: target, bytes: content.length, result: "ok" }),
    )
    const trees = await told(type, () => done([...scp, "-rp", join(here, "tree"), `${host()}:${target}-tree`]))
    expect(expectOwn(`${target}-tree/sub/c d`).toString()).toBe(`${marker} sub/c d`)
    expect(details(trees).filter(({ action }) => action === "upload")).toHaveLength(3)
    await done([...scp, "-rp", `${host()}:${target}-tree`, join(here, `${type}-tree`)])
    expect(readFileSync(join(here, `${type}-tree`, "sub", "b"), "utf8")).toBe(`${marker} sub/b`)
    const missing = await run([...scp, `${host()}:${there}/no-such-file`, here])
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("No such file or directory") })
  })

  it("rsync copies both ways, and says which paths and how much", async () => {
    const rsync = ["rsync", "-az", "-e", `ssh -F ${config}`]
    const up = await told("exec", () => done([...rsync, join(here, "big"), join(here, "tree"), `${host()}:there/rs/`]))
    expect(expectOwn(join(there, "rs", "big")).equals(content)).toBe(true)
    const about = { program: "/usr/bin/rsync", direction: "upload", paths: "there/rs/" }
    expect(details(up)).toMatchObject([
      { action: "start", ...about },
      { action: "end", ...about, exit_code: 0 },
    ])
    expect(Number(up.at(-1)?.detail.bytes_from_client)).toBeGreaterThan(3_000_000)
    await done([...rsync, `${host()}:there/rs/tree`, join(here, "rsync-back")])
    expect(readFileSync(join(here, "rsync-back", "tree", "sub", "c d"), "utf8")).toBe(`${marker} sub/c d`)
  })

  it("work through the front door as well", async () => {
    const jump = ["-F", config, "-J", `bob@${cluster.ssh}`]
    await done(["scp", "-q", ...jump, join(here, "big"), `${host()}:${there}/jumped`])
    expect(expectOwn(`${there}/jumped`).equals(content)).toBe(true)
    await done(["rsync", "-a", "-e", `ssh ${jump.join(" ")}`, `${host()}:${there}/jumped`, join(here, "jumped")])
    expect(readFileSync(join(here, "jumped")).equals(content)).toBe(true)
  })

  it("that a command only looks like are ordinary sessions, recorded", async () => {
    const commands = [
      "scp -t /tmp; echo escaped",
      "scp -t /tmp/$(echo escaped >&2)/x || true",
      "rsync --server --daemon . || echo escaped",
      "scp -f /no-such-* || echo escaped",
    ]
    await Promise.all(commands.map((command) => remote(command)))
    for (const command of commands) {
      const session = await until("the session is stored", async () => {
        const found = (await cluster.sessions()).find((one) => one.command === command)
        return found?.status === "completed" && found
      })
      const stored = storedRecording(cluster.recording(session.session_id))
      expect(`${stored.output}${stored.stderr}`).toContain("escaped")
    }
  })

  it("run with an environment that neither the user nor the login's home has a say in", async () => {
    writeFileSync(join(bob.home, ".pam_environment"), "EVIL=1\n")
    const words = ["sftp", "-F", config, "-o", "SetEnv=LC_EVIL=1", "-o", "SendEnv=LC_*", host()]
    const sftp = new Program(words, { ...cluster.variablesOf(identity), LC_ALL: "C.UTF-8" })
    sftp.write("pwd\n")
    await sftp.shows(/Remote working directory/)
    const [pid = ""] = execFileSync("pgrep", ["-u", `${bob.uid}`, "-x", "sftp-server"], { encoding: "utf8" }).split(
      "\n",
    )
    const names = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").slice(0, -1).sort()
    expect(names).toEqual([
      "HOME=/nonexistent",
      "LANG=C.UTF-8",
      `LOGNAME=${bob.name}`,
      "PATH=/usr/bin:/bin",
      "SHELL=/bin/bash",
      `USER=${bob.name}`,
    ])
    sftp.endInput()
    await sftp.ended
  })

  it("that a killed agent cuts off are audited once it is back, with the file that was open", async () => {
    const words = ["scp", "-q", "-l", "800", "-F", config, join(here, "big"), `${host()}:${there}/half`]
    const scp = new Program(words, cluster.variablesOf(identity))
    const half = () => statSync(join(there, "half"), { throwIfNoEntry: false })
    await until("some of the file is there", () => (half()?.size ?? 0) > 0)
    cluster.agent("web-1").kill("SIGKILL")
    await Promise.all([cluster.agent("web-1").ended, scp.ended])
    await cluster.startAgent("web-1")
    await until("the transfer's end is audited", async () => {
      const [last, before] = await cluster.audit("sftp")
      if (last?.detail.reason !== "the agent was lost") return false
      expect(before?.detail).toMatchObject({ action: "upload", path: `${there}/half`, result: "not closed" })
      expect(before?.session_id).toBe(last.session_id)
      return true
    })
  })

  it("that the hub's end cuts off are audited once it is back", async () => {
    const sftp = new Program(["sftp", "-F", config, host()], cluster.variablesOf(identity))
    sftp.write(`put ${here}/tree/a ${there}/cut-off\n`)
    await until("the file is there", () => readdirSync(there).includes("cut-off"))
    cluster.hub.kill("SIGKILL")
    sftp.endInput()
    await Promise.all([cluster.hub.ended, sftp.ended])
    await cluster.startHub()
    await until("the transfer's end is audited", async () => {
      const [last, before] = await cluster.audit("sftp")
      return (
        last?.detail.reason === "the connection to the client was closed" && before?.detail.path === `${there}/cut-off`
      )
    })
  })

  it("leave no byte of what they carried at the hub or the agent, and no session in the list", async () => {
    const found = await runToEnd(["grep", "-rlaF", marker, cluster.hubDirectory, cluster.agentDirectory("web-1")], {})
    expect(found.stdout.toString()).toBe("")
    expect((await cluster.sessions()).filter(({ command }) => /^(sftp|scp|rsync)\b[^;|$(]*$/.test(command))).toEqual([])
    expect((await cluster.mezctl("audit", "verify")).stdout.toString()).toMatch(/^OK: /)
  })
})
