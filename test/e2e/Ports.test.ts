import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { freePort } from "../support/freePort.ts"
import { socksConnect } from "../support/socks.ts"
import { Cluster, login } from "./support/Cluster.ts"
import { dial } from "./support/dial.ts"
import { bundled, Program, runToEnd } from "./support/Program.ts"
import { bothKinds } from "./support/places.ts"
import { until } from "./support/until.ts"
import { jump, proxyCommand } from "./support/ways.ts"

/** The words of a client with these options, and none of a command. */
type Client = (cluster: Cluster, options: ReadonlyArray<string>, node: string) => Promise<ReadonlyArray<string>>

const openSsh =
  (way: typeof jump): Client =>
  async (cluster, options, node) => {
    const [ssh = "", ...words] = await way.words(cluster, node)
    return [ssh, ...options, "-o", "ExitOnForwardFailure=yes", ...words]
  }

const clients: ReadonlyArray<readonly [string, Client, string]> = [
  ["ssh through ProxyCommand", openSsh(proxyCommand), "web-1"],
  ["ssh -J", openSsh(jump), "web-1"],
  ["msh ssh", async (_, options, node) => [...bundled("msh"), "ssh", ...options, `${login}@${node}`], "web-1"],
  ["ssh -J, without an agent", openSsh(jump), "db-1"],
]

/** Answers with the digest of all that it got, once it got all of it. */
const digestServer = async (): Promise<Server> => {
  const server = createServer((socket) => {
    const hash = createHash("sha256")
    socket.on("data", (bytes) => hash.update(bytes))
    socket.on("end", () => socket.end(hash.digest()))
    socket.on("error", () => socket.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

/** Sends everything, ends, and gives what came back. */
const exchange = async (socket: Socket, bytes: Uint8Array): Promise<Buffer> => {
  const received: Array<Buffer> = []
  socket.on("data", (chunk: Buffer) => received.push(chunk))
  socket.on("error", () => undefined)
  socket.end(bytes)
  await once(socket, "close")
  return Buffer.concat(received)
}

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest()

describe("forwarded ports", () => {
  let cluster: Cluster
  let target: Server
  beforeAll(async () => {
    ;[cluster, target] = await Promise.all([Cluster.start(bothKinds), digestServer()])
  })
  afterAll(async () => {
    target.close()
    await cluster.stop()
  })

  it.each(clients)("carry bytes unchanged both ways by %s, and are audited, not recorded", async (_, client, node) => {
    const [there, back] = [await freePort(), await freePort()]
    const to = `127.0.0.1:${portOf(target)}`
    const words = await client(cluster, ["-N", "-L", `${there}:${to}`, "-R", `${back}:${to}`], node)
    const before = new Set((await cluster.audit("port")).map(({ id }) => id))
    const ssh = new Program(words, cluster.userVariables)
    const bytes = Buffer.concat([Buffer.from("forwarded-payload"), randomBytes(2_000_000)])
    for (const port of [there, back]) {
      const answers = await Promise.all(
        [bytes, Buffer.from("x"), bytes].map(async (sent) => exchange(await dial(port), sent)),
      )
      expect(answers).toEqual([digestOf(bytes), digestOf(Buffer.from("x")), digestOf(bytes)])
    }
    ssh.kill("SIGTERM")
    await ssh.ended
    const events = await until("all is audited", async () => {
      const own = (await cluster.audit("port")).filter(({ id }) => !before.has(id))
      return own.filter(({ detail }) => detail.action === "close").length === 6 && own
    })
    expect(events.filter(({ detail }) => detail.action === "listen")).toHaveLength(1)
    const closed = events.filter(({ detail }) => detail.action === "close").map(({ detail }) => detail)
    expect(closed.filter(({ direction, target }) => direction === "local" && target === to)).toHaveLength(3)
    const sums = (direction: string, name: string) =>
      closed.filter((one) => one.direction === direction).reduce((sum, one) => sum + Number(one[name]), 0)
    const total = 2 * bytes.length + 1
    expect([sums("local", "bytes_from_client"), sums("local", "bytes_to_client")]).toEqual([total, 96])
    expect([sums("remote", "bytes_from_client"), sums("remote", "bytes_to_client")]).toEqual([96, total])
    expect(events[0]).toMatchObject({ user: "alice", node, login })
    expect(await cluster.sessions()).toEqual([])
    const grep = await runToEnd(
      ["grep", "-rlF", "forwarded-payload", cluster.hubDirectory, cluster.agentDirectory("web-1")],
      {},
    )
    expect(grep.stdout.toString()).toBe("")
  })

  it("reach what the node reaches through SOCKS (-D), beside a session on the same connection", async () => {
    const socks = await freePort()
    const [ssh = "", ...rest] = await jump.words(cluster, "web-1", { command: "cat" })
    const program = new Program([ssh, "-D", `${socks}`, ...rest], cluster.userVariables)
    const socket = await dial(socks)
    expect(await socksConnect(socket, "127.0.0.1", portOf(target))).toBe(true)
    const bytes = randomBytes(500_000)
    expect(await exchange(socket, bytes)).toEqual(digestOf(bytes))
    program.endInput("said in the session")
    expect((await program.ended).stdout.toString()).toBe("said in the session")
  })

  it("lend the user's authentication agent (-A) to the session, and to nobody else", async () => {
    const socket = join(cluster.directory, "agent.sock")
    const agent = new Program(["ssh-agent", "-D", "-a", socket], cluster.userVariables)
    await until("the agent's socket", () => existsSync(socket))
    const variables = { ...cluster.userVariables, SSH_AUTH_SOCK: socket }
    const key = join(cluster.directory, "lent")
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lent-key", "-f", key])
    execFileSync("ssh-add", ["-q", key], { env: { ...variables }, stdio: "ignore" })
    const run = async (options: ReadonlyArray<string>, command: string) => {
      const [ssh = "", ...rest] = await proxyCommand.words(cluster, "web-1", { command })
      return runToEnd([ssh, ...options, ...rest], variables)
    }
    const lent = await run(
      ["-A"],
      'ssh-add -l && echo "$SSH_AUTH_SOCK" && stat -c "%U %a" "$SSH_AUTH_SOCK" "$(dirname "$SSH_AUTH_SOCK")"',
    )
    const [listed, path = "", ...modes] = lent.stdout.toString().trim().split("\n")
    expect(listed).toContain("lent-key")
    expect(modes).toEqual([`${login} 600`, `${login} 700`])
    await until("the socket is gone", () => !existsSync(dirname(path)))
    expect((await run([], 'echo "[$SSH_AUTH_SOCK]"')).stdout.toString()).toBe("[]\n")
    agent.kill("SIGTERM")
    await agent.ended
  })
})
