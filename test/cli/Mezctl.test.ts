import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildProgram } from "./support/buildProgram.ts"
import { fakeHub, session } from "./support/FakeHub.ts"
import { runProgram } from "./support/runProgram.ts"

let directory = ""
let mezctl = ""
let msh = ""
const scope = Effect.runSync(Scope.make())

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mezctl-"))
  mezctl = await buildProgram("mezctl")
  msh = await buildProgram("msh")
  await Effect.runPromise(fakeHub(directory).pipe(Scope.extend(scope)))
})

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  for (const path of [directory, dirname(mezctl), dirname(msh)]) await rm(path, { recursive: true, force: true })
})

const run = (words: string) => runProgram(mezctl, words.split(" "), { env: { MEZITE_DATA_DIR: directory } })
const stdoutOf = async (words: string): Promise<string> => (await run(words)).stdout.toString()

describe("mezctl", () => {
  it("prints secrets alone on standard output", async () => {
    expect(await stdoutOf("tokens add --type node --ttl 1h")).toBe("TOKEN\n")
    expect(await stdoutOf("tokens add --type node --uses 3")).toBe("TOKEN-FOR-3\n")
    expect(await stdoutOf("tokens add --type node --labels env=prod,role=web")).toBe(
      'TOKEN{"env":"prod","role":"web"}\n',
    )
    expect(await stdoutOf("users add alice --roles dev,ops --logins root")).toBe("INVITE\n")
    expect(await stdoutOf("users add carol --roles auditor")).toBe("INVITE\n")
    expect(await stdoutOf("users reset alice")).toBe("NEW-INVITE\n")
  })

  it("lists sessions with the page's columns", async () => {
    const [header, first, second, rest] = (await stdoutOf("sessions ls")).split("\n")
    expect(header?.split(/ {2,}/)).toEqual(["SESSION ID", "USER", "NODE", "LOGIN", "STARTED", "ENDED"])
    expect(first).toBe(
      "a1b2c3d4-e5f6-7890-abcd-ef1234567890  alice  web-server-01  ubuntu  2026-04-11T10:28:35Z  2026-04-11T10:41:09Z",
    )
    expect(second).toMatch(/Z {2}-$/)
    expect(rest).toBe("")
  })

  it("lists as one JSON array, also when it is empty", async () => {
    expect(JSON.parse(await stdoutOf("sessions ls --format=json"))).toEqual([session, { ...session, ended_at: null }])
    expect(JSON.parse(await stdoutOf("sessions ls --active --format json"))).toEqual([])
    expect(JSON.parse(await stdoutOf("audit ls --last 24h --format=json"))).toEqual([])
  })

  it("lists what becomes of recordings, changes it, and writes one to a file", async () => {
    const [header, held, kept] = (await stdoutOf("recordings ls")).split("\n").map((line) => line.split(/ {2,}/))
    expect(header).toEqual(["SESSION ID", "USER", "NODE", "LOGIN", "STATE", "BYTES", "EXPIRES", "NOTE"])
    expect(held?.slice(4)).toEqual(["stored", "4096", "2026-07-10T10:41:09.004Z", "held by carol: case 7"])
    expect(kept?.slice(4)).toEqual(["kept", "4096", "2026-07-10T10:41:09.004Z", "the store is away"])
    expect(JSON.parse(await stdoutOf("recordings ls --pending --format=json"))).toMatchObject([{ state: "kept" }])
    expect(JSON.parse(await stdoutOf("recordings ls --held --format=json"))).toMatchObject([{ held_by: "carol" }])
    const id = session.session_id
    for (const [words, heard] of [
      [`rm ${id} --reason gone`, `remove ${id} gone`],
      [`hold ${id} --reason case`, `hold ${id} case`],
      [`release ${id}`, `release ${id}`],
    ]) {
      expect(await run(`recordings ${words}`)).toMatchObject({ code: 1, stderr: `mezctl: ${heard}\n` })
    }
    const file = join(directory, "downloaded.rec")
    const digest = createHash("sha256").update("sealed bytes").digest("hex")
    expect(await run(`recordings download ${id} -o ${file}`)).toMatchObject({
      code: 0,
      stderr: `${file}: 12 bytes, SHA-256 ${digest}\n`,
    })
    expect([await readFile(file, "utf8"), (await stat(file)).mode & 0o777]).toEqual(["sealed bytes", 0o600])
    expect(await run(`recordings download ${id} -o ${file}`)).toMatchObject({ code: 1, stderr: /exists/ })
    expect(await run("recordings rm everything")).toMatchObject({ code: 2 })
  })

  it("flags nodes that are weaker than the cluster", async () => {
    expect(await stdoutOf("nodes ls")).toContain("node (env) WEAKER THAN CLUSTER")
  })

  it("adds machines without an agent, and tells which host key is to be compared", async () => {
    expect(await stdoutOf("nodes ls")).toMatch(/\nweb-1 +agent +yes .*\ndb-1 +openssh 10\.0\.0\.5:22 \(root\) +yes /)
    const added = "db-1 is added; its host key is ssh-ed25519 SHA256:abc\n"
    expect(await run("nodes add --openssh db-1 --addr 10.0.0.5:22 --logins root,deploy")).toMatchObject({
      code: 0,
      stdout: Buffer.from(added),
      stderr: expect.stringMatching(/^this is what 10\.0\.0\.5:22 shows now: compare it with ssh-keygen -lf .*\n$/),
    })
    const words = ["nodes", "add", "--openssh", "db-1", "--addr", "[::1]:22", "--logins", "root"]
    const given = await runProgram(mezctl, [...words, "--host-key", "ssh-ed25519 AAAA root@db"], {
      env: { MEZITE_DATA_DIR: directory },
    })
    expect(given).toMatchObject({ code: 0, stdout: Buffer.from(added), stderr: "" })
    expect(await run("nodes add --openssh told --addr db --logins a,b --labels env=prod")).toMatchObject({
      code: 1,
      stderr: 'mezctl: {"host_key":null,"address":"db","logins":["a","b"],"labels":{"env":"prod"}}\n',
    })
    for (const wrong of ["--addr db --logins a", "--openssh db --logins a", "--openssh db --addr db --logins ,"]) {
      expect(await run(`nodes add ${wrong}`)).toMatchObject({ code: 2 })
    }
  })

  it("shows the labels that count, and takes no others than there can be", async () => {
    expect(await stdoutOf("nodes ls")).toContain("env=prod (it says env=dev)\n")
    expect(await run("nodes label web-1 env=prod,role=web")).toMatchObject({ code: 0, stderr: "" })
    expect(await run("nodes label web-1 env")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"env" is no label; write env=prod,role=web'),
    })
    expect(await run("users update alice")).toMatchObject({ code: 2 })
  })

  it("reads roles from YAML and JSON, and prints what it reads", async () => {
    const file = join(directory, "role.yaml")
    const create = async (text: string) => {
      await writeFile(file, text)
      return (await run(`roles create -f ${file}`)).stderr
    }
    const document = '{"name":"dev","allow":{"logins":["*","deploy"]}}'
    expect(await create('name: dev\nallow:\n  logins: ["*", deploy]\n')).toBe(`mezctl: got ${document}\n`)
    expect(await create(document)).toBe(`mezctl: got ${document}\n`)
    const printed = await stdoutOf("roles get web-ops")
    expect(printed).toContain('  logins:\n    - "*"\n    - deploy\n')
    expect(await create(printed)).toBe(
      `mezctl: got ${JSON.stringify(JSON.parse(await stdoutOf("roles get web-ops --format=json")))}\n`,
    )
    const listed = JSON.parse(await stdoutOf("roles ls --format=json"))
    expect(listed).toMatchObject([{ name: "web-ops", options: { session_ttl: null } }])
    expect((await stdoutOf("roles ls")).split("\n")[1]).toBe(
      "web-ops  *,deploy  env=prod,role=web  own         audit:read  the web servers of production",
    )
    const broken: ReadonlyArray<readonly [string, RegExp]> = [
      ["a: 1\na: 2\n", /: this is neither YAML nor JSON: line 2: Map keys must be unique\n$/],
      ["a: [1\n", /: this is neither YAML nor JSON: line 2: [^\n]+\n$/],
      [
        `a: &a [${"x,".repeat(9)}]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: [${"*c,".repeat(9)}]\n`,
        /: this cannot be read: [^\n]*alias[^\n]*\n$/,
      ],
      ["a: &a\n  b: *a\n", /: this cannot be read: [^\n]*circular[^\n]*\n$/],
      ["? [1, 2]\n: y\n", /: this is neither YAML nor JSON: line 1: [^\n]*strings\n$/],
      ['name: !!js/function "x"\n', /: this is neither YAML nor JSON: line 1: Unresolved tag[^\n]*\n$/],
      ["x".repeat(70_000), /: a role has 65536 characters at most\n$/],
    ]
    for (const [text, stderr] of broken) expect(await create(text)).toMatch(stderr)
    const piped = (input: string) =>
      runProgram(mezctl, ["roles", "create", "-f", "-"], { env: { MEZITE_DATA_DIR: directory }, input })
    expect((await piped(document)).stderr).toBe(`mezctl: got ${document}\n`)
    expect((await piped("x".repeat(1_000_000))).stderr).toBe(
      "mezctl: standard input: a role has 65536 characters at most\n",
    )
    expect((await run("roles create -f /nowhere")).stderr).toBe("mezctl: /nowhere: there is no such file\n")
  })

  it("tells the hub's reasons on one line", async () => {
    expect(await run("config set session_recording bogus")).toMatchObject({
      code: 1,
      stderr: "mezctl: session_recording is node-sync, node or off\n",
    })
    expect(await run("audit verify")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("BROKEN: event 8 (01J) is wrong"),
    })
    expect(await run("audit ls --limit 1")).toMatchObject({
      code: 1,
      stderr: "mezctl: the hub broke off its answer, as when it is stopped: try again\n",
    })
    expect(await stdoutOf("config get session_recording")).toBe("node-sync\n")
    expect(await stdoutOf("ca export --type host")).toBe("ssh-ed25519 host\n")
  })

  it("signs an identity that msh takes, in a file that only its owner may read", async () => {
    const out = join(directory, "ci.json")
    const pin = `sha256:${"0".repeat(64)}`
    await writeFile(join(directory, "hub.json"), JSON.stringify({ address: "hub.example:3080", ca_pin: pin }))
    expect(await run(`auth sign --user ci --ttl 1h --out ${out}`)).toMatchObject({ code: 0 })
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(out, "utf8"))).toMatchObject({ hub: "hub.example:3080", ca_pin: pin })
    const env = { MEZITE_HOME: join(directory, "home"), MEZITE_IDENTITY: out }
    const status = await runProgram(msh, ["status"], { env })
    expect(status.stdout.toString()).toContain("User:     ci\n")
    const config = (await runProgram(msh, ["config", "--identity", out], { env })).stdout.toString()
    for (const line of ["Host *.mezite\n", "proxy %h\n", "IdentitiesOnly yes\n", "StrictHostKeyChecking yes\n"]) {
      expect(config).toContain(line)
    }
    expect(config).toContain(` --identity '${out}' proxy %h\n`)
    const file = join(directory, "ssh_config")
    await writeFile(file, config)
    const seen = (from: string, ...words: ReadonlyArray<string>) =>
      execFileSync("ssh", ["-T", "-G", "-F", from, ...words], { encoding: "utf8" }).split("\n")
    expect(seen(file, "hub.example")).toEqual(seen("none", "hub.example"))
    for (const hub of [seen(file, "-p", "3023", "ci@hub.example"), seen(file, "mezite-hub")]) {
      expect(hub).toContain("identitiesonly yes")
      expect(hub).toContain("stricthostkeychecking true")
      expect(hub.filter((line) => line.startsWith("identityfile "))).toHaveLength(1)
    }
    const knownHosts = /Host \*\.mezite[\s\S]*?UserKnownHostsFile "([^"]+)"/.exec(config)?.[1] ?? ""
    expect(await readFile(knownHosts, "utf8")).toBe(
      "@cert-authority *.mezite ssh-ed25519 AAAA\n[hub.example]:3023 ssh-ed25519 AAAA\n",
    )
  })
})
