import { randomBytes } from "node:crypto"
import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { ways } from "./support/ways.ts"

/** What nobody should send. */
const garbage: Readonly<Record<string, Buffer>> = {
  "random bytes": randomBytes(64_000),
  "zero bytes": Buffer.alloc(64_000),
  "an HTTP request": Buffer.from("GET / HTTP/1.1\r\nHost: hub\r\n\r\n"),
  "an SSH banner and nonsense": Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), randomBytes(40_000)]),
  "a huge SSH packet": Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), Buffer.alloc(8, 0xff), randomBytes(40_000)]),
  "HTTP/2's preface and nonsense": Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), randomBytes(9_000)]),
  "an upgrade that is none": Buffer.from(
    "GET /v1/agent/control HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
  ),
  "a header without an end": Buffer.concat([Buffer.from("GET / HTTP/1.1\r\nX: "), Buffer.alloc(200_000, 0x61)]),
  nothing: Buffer.alloc(0),
}

/** Sends bytes and the end; succeeds once the other side has closed too, with what it said. */
const send = (socket: Socket, bytes: Buffer): Promise<string> =>
  new Promise((resolve) => {
    let said = ""
    socket.on("data", (data) => {
      said += data.toString("latin1")
    })
    socket.on("error", () => undefined)
    socket.on("close", () => resolve(said))
    socket.end(bytes)
  })

describe("garbage on the hub's ports", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start()
  })
  afterAll(() => cluster.stop())

  const portOf = (address: string) => Number(address.split(":")[1])

  describe.each(Object.entries(garbage))("%s", (_, bytes) => {
    it("is closed upon, by every port", async () => {
      const listen = portOf(cluster.listen)
      await Promise.all([
        send(connectTcp(listen, "127.0.0.1"), bytes),
        send(connectTls({ port: listen, host: "127.0.0.1", rejectUnauthorized: false }), bytes),
        send(connectTls({ port: listen, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] }), bytes),
        send(connectTcp(portOf(cluster.ssh), "127.0.0.1"), bytes),
      ])
      expect(cluster.hub.running).toBe(true)
    })
  })

  it("tells who speaks plain HTTP to it that it speaks TLS", async () => {
    const said = await send(
      connectTcp(portOf(cluster.listen), "127.0.0.1"),
      garbage["an HTTP request"] ?? Buffer.alloc(0),
    )
    expect(said).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\n\r\nThis port speaks TLS: use https:\/\/\n$/)
  })

  it("leaves hub and agent serving, and nothing in the hub's log that looks like a crash", async () => {
    for (const way of ways) {
      const { code, stdout } = await runToEnd(
        await way.words(cluster, "web-1", { command: "echo served" }),
        cluster.userVariables,
      )
      expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: "served\n" })
    }
    for (const program of [cluster.hub, cluster.agent()]) {
      expect(program.running).toBe(true)
      expect(program.stderr).not.toMatch(/level=ERROR|level=FATAL|Unhandled|\n {4}at /)
    }
  })
})
