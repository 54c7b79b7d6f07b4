import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { totpCode, totpStep } from "../../src/auth/identities/Totp.ts"
import { fromBase32 } from "../support/fromBase32.ts"
import { Cluster, login } from "./support/Cluster.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"

const role = (more: string) => `name: web
description: the web servers of production
allow:
  logins: ["*"]
  node_labels: ["env=prod"]
${more}`

describe("roles", () => {
  let cluster: Cluster
  let carol = ""
  let file = ""
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: { "web-1": { MEZITE_NODE_LABELS: "env=prod" }, "db-1": { MEZITE_NODE_LABELS: "env=dev" } },
    })
    file = join(cluster.directory, "web.yaml")
    carol = join(cluster.directory, "carol.json")
    writeFileSync(file, role("  recordings: own\n"))
    await cluster.mezctl("roles", "create", "-f", file)
    await cluster.mezctl("users", "add", "carol", "--roles", "web", "--logins", login)
    await cluster.mezctl("auth", "sign", "--user", "carol", "--ttl", "1h", "--out", carol)
  })
  afterAll(() => cluster.stop())

  const msh = (...words: ReadonlyArray<string>) => runToEnd([...bundled("msh"), ...words], cluster.variablesOf(carol))
  const onNode = async (node: string) => {
    const { code, stdout, stderr } = await msh("ssh", `${login}@${node}`, "echo in")
    return code === 0 ? stdout.toString() : `${code}: ${stderr}`
  }
  const changed = async (text: string) => {
    writeFileSync(file, text)
    return cluster.tryMezctl("roles", "update", "-f", file)
  }
  const noNode = (node: string) => `255: msh: there is no node "${node}" in this cluster\n`

  it("decide which nodes there are for somebody, by the labels that an admin gave", async () => {
    expect(await onNode("web-1")).toBe("in\n")
    expect(await onNode("db-1")).toBe(noNode("db-1"))
    expect(await onNode("db-9")).toBe(noNode("db-9"))
    await cluster.mezctl("nodes", "label", "db-1", "env=prod")
    expect(await onNode("db-1")).toBe("in\n")
    const { stdout } = await cluster.mezctl("nodes", "ls")
    expect(stdout.toString()).toMatch(/^db-1 .*env=prod \(it says env=dev\)$/m)
    expect(await cluster.audit("node.update")).toMatchObject([{ user: "local-admin", node: "db-1" }])
  })

  it("hold as they are now, whatever the certificate says; what is denied is denied", async () => {
    expect(await changed(role("  recordings: own\ndeny:\n  node_labels: [env=prod]\n"))).toMatchObject({ code: 0 })
    expect(await onNode("web-1")).toBe(noNode("web-1"))
    expect(await changed(role("  recordings: own\ndeny:\n  logins: [root, nobody-here]\n"))).toMatchObject({ code: 0 })
    expect(await onNode("web-1")).toBe(login === "root" ? noNode("web-1") : "in\n")
    expect((await changed(role("  recordings: own\n"))).code).toBe(0)
    expect(await onNode("web-1")).toBe("in\n")
    expect(await changed(role("  recording: own\n"))).toMatchObject({
      code: 1,
      stderr:
        "mezctl: there is no key allow.recording; there are: logins, node_labels, port_forwarding, file_transfer, agent_forwarding, recordings, admin\n",
    })
    expect((await cluster.tryMezctl("roles", "rm", "web")).stderr).toBe(
      "mezctl: the role web is that of carol: give them others first (mezctl users update)\n",
    )
    expect((await cluster.tryMezctl("roles", "rm", "user")).stderr).toBe(
      "mezctl: the role user is built in: it stays as it is\n",
    )
    expect((await cluster.audit("role.update")).length).toBe(3)
  })

  it("show another's session exactly as one that does not exist", async () => {
    expect((await cluster.msh("ssh", `${login}@web-1`, "echo of alice")).code).toBe(0)
    const alices = await until("alice's session is stored", async () => {
      const session = (await cluster.sessions()).find(({ user }) => user === "alice")
      return session?.status === "completed" ? session.session_id : undefined
    })
    const nowhere = randomUUID()
    for (const words of [["play"], ["export", "--format", "text"], ["verify"]]) {
      const [others, absent] = [await msh(...words, alices), await msh(...words, nowhere)]
      expect(others).toMatchObject({ code: 1, stdout: Buffer.alloc(0) })
      expect({ ...others, stderr: others.stderr.replaceAll(alices, nowhere) }).toEqual(absent)
    }
    expect((await msh("sessions", "ls", "--format=json")).stdout.toString()).not.toContain("alice")
    expect(await cluster.audit("session.recording.access")).toEqual([])
    const own = (await cluster.sessions()).find(({ user }) => user === "carol")?.session_id ?? ""
    expect((await msh("export", "--format", "text", own)).stdout.toString()).toContain("in")
    expect(await cluster.audit("session.recording.access")).toMatchObject([{ user: "carol", session_id: own }])
  })

  it("may ask for a second factor, which is enrolled at the login", async () => {
    await changed(role("options:\n  second_factor: required\n  certificate_ttl: 30m\n"))
    const long = await cluster.tryMezctl("auth", "sign", "--user", "carol", "--ttl", "1h", "--out", `${carol}.long`)
    expect(long.stderr).toBe("mezctl: the roles of carol allow an identity file 30m at most\n")
    const invite = (await cluster.mezctl("users", "reset", "carol")).stdout.toString().trim()
    expect((await msh("sessions", "ls")).stderr).toMatch(/^msh: [^\n]*log in again\n$/)
    const { MEZITE_IDENTITY: _, ...rest } = cluster.variablesOf(carol)
    const variables = { ...rest, MEZITE_HOME: join(cluster.directory, "carol") }
    const words = [...bundled("msh"), "login", "--hub", cluster.listen, "--ca-pin", cluster.pin, "--user", "carol"]
    const terminal = new Terminal([...words, "--invite", invite], variables, { cols: 200, rows: 24 })
    await terminal.shows(/New password: $/)
    terminal.type("correct horse battery\r")
    await terminal.shows(/again: \r\n$|again: $/)
    terminal.type("correct horse battery\r")
    const [, secret = ""] = await terminal.shows(/otpauth:\/\/totp\/mezite:carol\?secret=([A-Z2-7]{32})&issuer=mezite/)
    await terminal.shows(/secret: ([A-Z2-7]{4} ){7}[A-Z2-7]{4}\r\nCode: $/)
    expect(terminal.text.split("\r\n").filter((line) => /[█▀▄]/.test(line))).toHaveLength(19)
    terminal.type("000000\r")
    await terminal.shows(/the code is wrong, or was used before: wait for the next one\r\nCode: $/)
    const step = totpStep(Date.now())
    const code = (later: number) => totpCode(fromBase32(secret), step + later)
    terminal.type(`${code(0).slice(0, 3)} ${code(0).slice(3)}\r`)
    const [, until = ""] = await terminal.shows(/Logged in to mezite as carol until (\S+Z)\./)
    expect(await terminal.ended()).toEqual({ status: 0, sane: true })
    expect(terminal.text).not.toContain(code(0))
    terminal.close()
    expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(1_800_000)
    const again = (input: string) => runToEnd([...words, "--password-stdin"], variables, input)
    expect(await again(`correct horse battery\n${code(0)}\n`)).toMatchObject({
      code: 1,
      stderr: "msh: the code is wrong, or was used before: wait for the next one\n",
    })
    expect(await again("correct horse battery\n")).toMatchObject({
      code: 2,
      stderr: "msh: --password-stdin: standard input holds no code\n",
    })
    expect(await again(`correct horse battery\n${code(1)}\n`)).toMatchObject({ code: 0, stderr: "" })
    const logs = cluster.hub.stdout + cluster.hub.stderr
    expect(logs + JSON.stringify(await cluster.audit("user.second_factor"))).not.toContain(secret)
  })
})
