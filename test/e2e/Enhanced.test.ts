import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { noProbe } from "../support/builtProbe.ts"
import { Cluster } from "./support/Cluster.ts"
import { bundled, Program, runToEnd } from "./support/Program.ts"
import { Terminal } from "./support/Terminal.ts"
import { until } from "./support/until.ts"
import { jump, mshSsh, type Way } from "./support/ways.ts"

const watched = { MEZITE_BPF_ENABLED: "true" }

/** Runs the rest of the words as root that may load nothing into the kernel. */
const withoutBpf = ["setpriv", "--bounding-set=-bpf,-perfmon"]

/** A script, so that no word of it is in the arguments of the shell that runs it. */
const hidden = (script: string) => `echo ${Buffer.from(script).toString("base64")} | base64 -d | sh`

describe.skipIf(noProbe !== undefined)("enhanced recording", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: {
        "web-1": { ...watched, MEZITE_RECORDING_MODE: "node-sync" },
        "web-2": { ...watched, MEZITE_RECORDING_MODE: "node" },
        "web-3": { ...watched, MEZITE_RECORDING_MODE: "off" },
      },
    })
  })
  afterAll(() => cluster.stop())

  /** Runs a command, and gives its session. */
  const session = async (way: Way, node: string, command: string) => {
    const { code } = await runToEnd(await way.words(cluster, node, { command }), cluster.userVariables)
    const found = (await cluster.sessions()).find((one) => one.command === command)
    return { code, id: found?.session_id ?? "" }
  }

  const shell = async (node: string): Promise<Terminal> => {
    const terminal = new Terminal(await mshSsh.words(cluster, node), cluster.userVariables)
    onTestFinished(() => terminal.close())
    await terminal.shows(/[#$] $/)
    return terminal
  }

  const probeOf = (node: string): number => {
    const parent = `${cluster.agent(node).pid}`
    const children = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", parent], { encoding: "utf8" })
    return Number(/(\d+) probe/.exec(children)?.[1])
  }

  it("shows what a session really ran, and nothing of its neighbour's, wherever one looks", async () => {
    const script = `cat /etc/hostname; bash -c ': < /dev/tcp/127.0.0.1/1'; ls /nowhere; exit 4`
    const [mine, other] = await Promise.all([
      session(mshSsh, "web-1", hidden(script)),
      session(jump, "web-1", "/bin/true neighbour"),
    ])
    expect([mine.code, other.code]).toEqual([4, 0])

    const play = async (...words: ReadonlyArray<string>) => {
      const { stdout, stderr, code } = await cluster.msh("play", "--speed", "1000", ...words)
      return { code, stdout: stdout.toString(), events: stderr.split("\n").filter((line) => line.startsWith("> ")) }
    }
    const { code, stdout, events } = await play("--events", mine.id)
    expect({ code, stdout }).toEqual({ code: 0, stdout: execFileSync("cat", ["/etc/hostname"], { encoding: "utf8" }) })
    const told = events.join("\n")
    // In the order in which it happened, whatever its kind.
    expect(told).toMatch(
      /runs \/usr\/bin\/cat: cat \/etc\/hostname\n[\s\S]* cat opens \/etc\/hostname O_RDONLY\n[\s\S]* bash connect tcp 127\.0\.0\.1 port 1 \(\d+\): pending\n[\s\S]*: ECONNREFUSED\n[\s\S]*runs \/usr\/bin\/ls: ls \/nowhere\n[\s\S]* ends: exit 2\n[\s\S]* ends: exit 4(?:\n|$)/,
    )
    expect(told).not.toMatch(/neighbour|libc\.so/)
    expect((await play("--events=all", mine.id)).events.join("\n")).toMatch(/ cat opens \S+libc\.so\.6 O_RDONLY/)
    expect((await play(mine.id)).events).toEqual([])
    expect((await play("--events", other.id)).events.join("\n")).toMatch(/: \/bin\/true neighbour\n/)

    const exported = JSON.parse((await cluster.msh("export", "--format", "json", mine.id)).stdout.toString())
    expect(exported.session.enhanced).toBe(true)
    const kinds = ["exec", "file", "network"].filter((kind) =>
      exported.frames.some((frame: { kind: string; events?: ReadonlyArray<unknown> }) => frame.kind === kind),
    )
    expect(kinds).toEqual(["exec", "file", "network"])

    const listed = async (type: string, ...words: ReadonlyArray<string>) => {
      const given = ["--session", mine.id, "--type", type, ...words, "--format", "json"]
      const list: ReadonlyArray<{ detail: object }> = JSON.parse(
        (await cluster.mezctl("audit", "ls", ...given)).stdout.toString(),
      )
      return list.map(({ detail }) => detail)
    }
    await until("the audit log has it", async () => (await listed("session.command", "--program", "dash")).length > 0)
    expect(await listed("session.command", "--program", "ls")).toMatchObject([
      { argv: ["ls", "/nowhere"], path: "/usr/bin/ls", status: "exited", exit_code: 2 },
    ])
    expect(await listed("session.disk", "--path", "/etc/host*", "--limit", "1")).toMatchObject([
      { program: "cat", path: "/etc/hostname", flags: "O_RDONLY", result: "ok" },
    ])
    expect(await listed("session.network", "--program", "bash")).toMatchObject([
      { protocol: "tcp", address: "127.0.0.1", port: 1, result: "ECONNREFUSED" },
    ])
  })

  it("ends a node-sync session that is not watched any more, and says in others that it has stopped", async () => {
    const [strict, lenient] = [await shell("web-1"), await shell("web-2")]
    for (const node of ["web-1", "web-2"]) process.kill(probeOf(node), "SIGKILL")
    expect(await strict.ended()).toEqual({ status: 255, sane: true })
    expect(strict.text).toMatch(/\r\nmezite: [^\n]*enhanced recording has stopped: the probe was ended by SIGKILL/)
    lenient.type("echo still ''here; exit 3\r")
    expect(await lenient.ended()).toEqual({ status: 3, sane: true })
    const { session_id } = (await cluster.sessions()).find(({ node }) => node === "web-2") ?? { session_id: "" }
    const played = await until("its recording is at the hub", async () => {
      const { code, stderr } = await cluster.msh("play", "--speed", "1000", session_id)
      return code === 0 && stderr
    })
    expect(played).toContain("missing here: enhanced recording has stopped")
    const { id } = await until("the probe is back", async () => {
      const tried = await session(mshSsh, "web-1", "/bin/true again")
      return tried.code === 0 && tried
    })
    expect((await cluster.msh("play", "--events", "--speed", "1000", id)).stderr).toContain(": /bin/true again\n")
  })

  it("tells the audit log alone what a session does that is not recorded", async () => {
    const { code, id } = await session(mshSsh, "web-3", hidden("/bin/true off the record"))
    expect(code).toBe(0)
    const told = await until("the audit log has it", async () =>
      (await cluster.audit("session.command")).find(
        ({ session_id, detail }) => session_id === id && detail.program === "true",
      ),
    )
    expect(told.detail).toMatchObject({ argv: ["/bin/true", "off", "the", "record"], exit_code: 0 })
    const found = (await cluster.sessions()).find(({ session_id }) => session_id === id)
    expect(found).toMatchObject({ status: "unrecorded" })
    expect([cluster.recording(id), cluster.partial(id)].filter((path) => existsSync(path))).toEqual([])
    expect((await cluster.spool("web-3")).filter(({ session_id }) => session_id === id)).toEqual([])
  })

  it("is refused where it can't be had, and marked as missing where that may be", async () => {
    const start = async (name: string, more: Readonly<Record<string, string>>) => ({
      ...cluster.agentVariables(name),
      ...cluster.hubForAgent(name),
      ...watched,
      ...more,
      MEZITE_JOIN_TOKEN: await cluster.joinToken(),
    })
    const words = [...withoutBpf, ...bundled("mezd"), "start"]
    const { code, stderr } = await runToEnd(words, await start("db-1", {}))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^mezd: no enhanced recording: mezd lacks CAP_BPF and CAP_PERFMON[^\n]* \(or set MEZITE_BPF_REQUIRED=false\)$/m,
    )
    const agent = new Program(words, await start("db-2", { MEZITE_BPF_REQUIRED: "false" }))
    await agent.shows(/^mezd ready /m)
    const { id } = await session(mshSsh, "db-2", "/bin/true unseen")
    const exported = JSON.parse((await cluster.msh("export", "--format", "json", id)).stdout.toString())
    expect(exported.session.enhanced).toBe(false)
    const [started] = (await cluster.audit("session.start")).filter((event) => event.session_id === id)
    expect(started?.detail).toMatchObject({ enhanced: false })
  })
})
