import { readFileSync } from "node:fs"
import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import { Effect, Option, Redacted } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseHubAddress } from "../../src/api/HubAddress.ts"
import { HubPin } from "../../src/api/HubPin.ts"
import { hubRpcClient } from "../../src/api/HubRpcClient.ts"
import { learnHubTrust } from "../../src/api/LearnHubTrust.ts"
import { PublicRpcs } from "../../src/api/PublicRpcs.ts"
import { generateEd25519, publicKeyLine } from "../../src/ssh/OpenSshKey.ts"
import { Cluster } from "./support/Cluster.ts"
import { until } from "./support/until.ts"

const portOf = (address: string) => Number(address.split(":")[1])

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: {} })
})
afterAll(() => cluster.stop())

const key = publicKeyLine(generateEd25519())

type HubClient = Effect.Effect.Success<ReturnType<typeof hubRpcClient<RpcGroup.Rpcs<typeof PublicRpcs>>>>

/** An open connection to a port of the hub, on which an attacker writes what they like. */
const attacker = async (protocol: "http/1.1" | "h2" | "ssh"): Promise<Socket> => {
  const socket =
    protocol === "ssh"
      ? connectTcp(portOf(cluster.ssh), "127.0.0.1")
      : connectTls({
          port: portOf(cluster.listen),
          host: "127.0.0.1",
          rejectUnauthorized: false,
          ALPNProtocols: [protocol],
        })
  socket.on("error", () => undefined)
  await new Promise((resolve) => socket.once(protocol === "ssh" ? "connect" : "secureConnect", resolve))
  return socket
}

const closed = (socket: Socket): Promise<boolean> =>
  until("the attacker is cut off", () => socket.destroyed || socket.readableEnded)

/** Writes as much as the hub takes, until it is all written or the connection is gone, and never reads. */
const pour = async (socket: Socket, piece: Buffer, times: number): Promise<void> => {
  socket.pause().setMaxListeners(0)
  for (let i = 0; i < times && !socket.destroyed; i++) {
    if (socket.write(piece)) continue
    // A hub that takes no more for a while has stopped reading.
    await Promise.race([
      new Promise((resolve) => socket.once("drain", resolve)),
      new Promise((resolve) => socket.once("close", resolve)),
      new Promise((resolve) => setTimeout(resolve, 3_000)),
    ])
    if (socket.writableNeedDrain) return
  }
}

const residentMiB = (): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${cluster.hub.pid}/status`, "utf8"))?.[1]) / 1024

/** It still answers, in a second, and has not grown by more than what a connection may hold, many times over. */
const expectWell = async (beforeMiB: number): Promise<void> => {
  const since = performance.now()
  const socket = await attacker("http/1.1")
  socket.end("GET /healthz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
  let text = ""
  socket.on("data", (data: Buffer) => {
    text += data.toString()
  })
  await closed(socket)
  expect(text).toMatch(/^HTTP\/1\.1 200 OK/)
  expect(performance.now() - since).toBeLessThan(5_000)
  expect(residentMiB() - beforeMiB).toBeLessThan(120)
  expect(cluster.hub.stderr).not.toMatch(/level=FATAL|Unhandled|\n {4}at /)
}

const request = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nHost: hub\r\n${headers}\r\n`

const upgrade = (path: string) =>
  request(
    path,
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
  )

/** A WebSocket of somebody who is not known, below its frames. */
const webSocket = async (): Promise<Socket> => {
  const socket = await attacker("http/1.1")
  socket.write(upgrade("/v1/rpc/public"))
  await new Promise((resolve) => socket.once("data", resolve))
  return socket
}

/** A client's frame (RFC 6455, 5.2), masked with zeros. */
const webSocketFrame = (opcode: number, payload: Buffer, isLast = true): Buffer =>
  Buffer.concat([Buffer.from([(isLast ? 0x80 : 0) | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

/** A frame (RFC 9113, 4.1). */
const http2Frame = (type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const [headersFrame, resetFrame, settingsFrame, pingFrame, continuationFrame] = [1, 3, 4, 6, 9] as const
const endHeaders = 4
/** `:method: POST`, `:scheme: https`, `:path: /` (RFC 7541, appendix A). */
const someHeaders = Buffer.from([0x83, 0x87, 0x84])

const http2 = async (): Promise<Socket> => {
  const socket = await attacker("h2")
  socket.write(Buffer.concat([preface, http2Frame(settingsFrame, 0, 0)]))
  return socket
}

describe("a flood", () => {
  let beforeMiB = 0
  const attack = (name: string, act: () => Promise<void>) =>
    it(`${name} harms nobody else`, async () => {
      beforeMiB = residentMiB()
      await act()
      await expectWell(beforeMiB)
    })

  attack("of HTTP/1.1 requests whose answers nobody reads", async () => {
    const socket = await attacker("http/1.1")
    await pour(socket, Buffer.from(request("/nothing").repeat(200)), 500)
    socket.destroy()
  })

  attack("of header lines, and of one that never ends", async () => {
    const many = await attacker("http/1.1")
    many.resume()
    many.write(`GET / HTTP/1.1\r\nHost: hub\r\n${"a: b\r\n".repeat(20_000)}`)
    const long = await attacker("http/1.1")
    long.resume()
    long.write(`GET / HTTP/1.1\r\nHost: hub\r\na: ${"b".repeat(100_000)}`)
    await Promise.all([closed(many), closed(long)])
  })

  attack("of HTTP/2 streams that are reset at once (CVE-2023-44487)", async () => {
    const socket = await http2()
    socket.resume()
    for (let stream = 1; stream < 60_000 && !socket.destroyed; stream += 2) {
      socket.write(
        Buffer.concat([
          http2Frame(headersFrame, endHeaders, stream, someHeaders),
          http2Frame(resetFrame, 0, stream, Buffer.from([0, 0, 0, 8])),
        ]),
      )
      if (stream % 2_000 === 1) await new Promise((resolve) => setImmediate(resolve))
    }
    await until("all is written, or refused", () => socket.destroyed || socket.writableLength === 0)
    socket.destroy()
  })

  attack("of HTTP/2 continuations (CVE-2024-27983)", async () => {
    const socket = await http2()
    socket.resume()
    socket.write(http2Frame(headersFrame, 0, 1, someHeaders))
    const header = Buffer.concat([Buffer.from([0x00, 0x01, 0x61, 0x7f, 0x81, 0x7f]), Buffer.alloc(16_000, 0x62)])
    for (let i = 0; i < 2_000 && !socket.destroyed; i++) {
      socket.write(http2Frame(continuationFrame, 0, 1, header.subarray(0, 16_000)))
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await closed(socket)
  })

  attack("of HTTP/2 pings and settings whose answers nobody reads", async () => {
    for (const frame of [http2Frame(pingFrame, 0, 0, Buffer.alloc(8)), http2Frame(settingsFrame, 0, 0)]) {
      const socket = await http2()
      await pour(socket, Buffer.concat(Array(2_000).fill(frame)), 500)
      socket.destroy()
    }
  })

  attack("of WebSocket pings whose answers nobody reads", async () => {
    const socket = await webSocket()
    await pour(socket, Buffer.concat(Array(500).fill(webSocketFrame(9, Buffer.alloc(125)))), 3_000)
    socket.destroy()
  })

  attack("of WebSocket fragments", async () => {
    const socket = await webSocket()
    socket.resume()
    socket.write(webSocketFrame(2, Buffer.from("a"), false))
    const piece = Buffer.concat(Array(2_000).fill(webSocketFrame(0, Buffer.from("a"), false)))
    for (let i = 0; i < 1_000 && !socket.destroyed; i++) {
      if (!socket.write(piece)) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await closed(socket)
  })

  attack("of calls whose answers nobody reads", async () => {
    const socket = await webSocket()
    const request = { _tag: "Request", id: "1", tag: "ClusterInfo", payload: null, headers: [] }
    const call = Buffer.from(
      RpcSerialization.makeMsgPack({ useRecords: false }).unsafeMake().encode(request) as Uint8Array,
    )
    await pour(socket, Buffer.concat(Array(500).fill(webSocketFrame(2, call))), 1_000)
    socket.destroy()
  })

  attack("of SSH packets before any key is agreed upon", async () => {
    const socket = await attacker("ssh")
    // SSH_MSG_IGNORE, unencrypted (RFC 4253, 6 and 11.2).
    const packet = Buffer.from([0, 0, 0, 12, 5, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    socket.write("SSH-2.0-attacker\r\n")
    await pour(socket, Buffer.concat(Array(4_000).fill(packet)), 500)
    socket.destroy()
  })
})

describe("a length of 2 GB", () => {
  it("in a WebSocket frame, an HTTP/2 frame or an SSH packet is refused before anything is set aside for it", async () => {
    const before = residentMiB()
    const frame = await webSocket()
    frame.resume()
    frame.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]))
    const stream = await http2()
    stream.resume()
    stream.write(Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]))
    const ssh = await attacker("ssh")
    ssh.resume()
    ssh.write(Buffer.concat([Buffer.from("SSH-2.0-attacker\r\n"), Buffer.from([0x7f, 0xff, 0xff, 0xff, 4, 20])]))
    await Promise.all([closed(frame), closed(ssh)])
    await expectWell(before)
    stream.destroy()
  })

  it("in a message, as lists in each other that have as many values, is refused before anything is set aside for it", async () => {
    const before = residentMiB()
    const socket = await webSocket()
    let said = ""
    socket.on("data", (bytes: Buffer) => {
      said += bytes.toString("latin1")
    })
    // MessagePack's array 32 of 33,554,431: 256 MiB each.
    const list = Buffer.from([0xdd, 0x01, 0xff, 0xff, 0xff])
    for (let i = 0; i < 10; i++) socket.write(webSocketFrame(2, Buffer.concat(Array(25).fill(list))))
    await until("it is refused", () => said.split("this is no message: more is told of than there is").length === 11)
    await expectWell(before)
    socket.destroy()
  })
})

it("1,000 failed logins at once cost 60 passwords' checks at the most, and as many rows in the audit log", async () => {
  const before = residentMiB()
  const hub = Effect.runSync(parseHubAddress(cluster.listen))
  const login = (client: HubClient, index: number) =>
    client.Login({
      user: index % 2 === 0 ? "alice" : "nobody",
      invite: null,
      password: Redacted.make("guess"),
      code: null,
      public_key: key,
    })
  const guess = Effect.gen(function* () {
    const options = { hub, trust: yield* learnHubTrust(hub, Option.some(HubPin.make(cluster.pin))) }
    const client = yield* hubRpcClient(PublicRpcs, { ...options, token: Option.none() })
    const guesses = Array.from({ length: 1_000 }, (_, index) => Effect.flip(login(client, index)))
    return yield* Effect.all(guesses, { concurrency: "unbounded" })
  })
  const answers = await Effect.runPromise(Effect.scoped(guess))
  const messages = answers.map((error) => ("message" in error ? error.message : ""))
  const checked = messages.filter((message) => message === "the user name, the password or the invite is wrong")
  expect(checked.length).toBeGreaterThan(0)
  expect(checked.length).toBeLessThanOrEqual(60)
  expect(messages.filter((message) => message.startsWith("too many ")).length).toBe(1_000 - checked.length)
  const events = await cluster.audit("user.login.failed")
  expect(events.length).toBeLessThanOrEqual(61)
  await expectWell(before)
})
