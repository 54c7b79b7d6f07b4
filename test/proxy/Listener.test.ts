import { randomBytes } from "node:crypto"
import { connect as connectPlain, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { describe, expect, it } from "@effect/vitest"
import { makeGenericClientConstructor, Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js"
import { Effect, Scope } from "effect"
import { grpcChannelOptions, grpcCredentials } from "../../src/api/GrpcTrust.ts"
import { hubAuthority } from "../../src/api/HubAddress.ts"
import { tlsOptions } from "../../src/api/HubTrust.ts"
import { defaultListenerLimits } from "../../src/proxy/Listener.ts"
import { eventually, onlineAgent } from "./TestAgent.ts"
import { type TestHub, type TestHubOptions, testHub } from "./TestHub.ts"

const plain = (bytes: Buffer) => bytes

const service: ServiceDefinition = {
  Echo: {
    path: "/test.Echo/Echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: plain,
    requestDeserialize: plain,
    responseSerialize: plain,
    responseDeserialize: plain,
  },
}

/** A gRPC server that listens nowhere, and a hub that gives it the HTTP/2 connections. */
const grpcHub = (options: TestHubOptions) =>
  Effect.gen(function* () {
    const server = new Server()
    server.addService(service, { Echo: echoBack as never })
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    yield* Effect.addFinalizer(() => Effect.sync(() => server.forceShutdown()))
    return yield* testHub({ ...options, onHttp2: (socket) => injector.injectConnection(socket) })
  })

const echoBack = (call: { readonly request: Buffer }, done: (error: null, answer: Buffer) => void) =>
  done(null, call.request)

const callEcho = (hub: TestHub, request: Buffer) =>
  Effect.async<Buffer, Error>((resume) => {
    const Client = makeGenericClientConstructor(service, "Echo")
    const client = new Client(
      hubAuthority(hub.address),
      grpcCredentials(hub.trust),
      grpcChannelOptions(hub.trust, hub.address),
    ) as unknown as {
      Echo: (request: Buffer, done: (error: Error | null, answer: Buffer) => void) => void
      close: () => void
    }
    client.Echo(request, (error, answer) => {
      client.close()
      resume(error === null ? Effect.succeed(answer) : Effect.fail(error))
    })
  })

/** An open connection below HTTP. */
const rawSocket = (hub: TestHub, alpn = "http/1.1") =>
  Effect.acquireRelease(
    Effect.async<Socket, Error>((resume) => {
      const { host, port, tls } = hub.address
      const socket = tls
        ? connectTls({ host, port, ALPNProtocols: [alpn], ...tlsOptions(hub.trust) })
        : connectPlain({ host, port })
      socket.on("error", (error) => resume(Effect.fail(error)))
      socket.once(tls ? "secureConnect" : "connect", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  )

const closes = (socket: Socket) =>
  Effect.async<string>((resume) => {
    let text = ""
    socket.on("data", (data) => {
      text += data.toString("latin1")
    })
    socket.once("close", () => resume(Effect.succeed(text)))
  }).pipe(Effect.timeout("5 seconds"))

const get = (hub: TestHub, path: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const socket = yield* rawSocket(hub)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n`)
      return yield* closes(socket)
    }),
  )

const quick = { ...defaultListenerLimits, headersTimeoutMs: 400 }

describe.each([{ tls: true }, { tls: false }])("the listener, $tls", ({ tls }) => {
  it.scopedLive("serves gRPC and HTTP/1.1 on one port", () =>
    Effect.gen(function* () {
      const hub = yield* grpcHub({ tls })
      const request = randomBytes(100_000)
      expect((yield* callEcho(hub, request)).equals(request)).toBe(true)
      expect(yield* get(hub, "/healthz")).toMatch(/^HTTP\/1.1 200 OK[\s\S]*\r\n\r\nok\n$/)
      expect(yield* get(hub, "/metrics")).toMatch(/^HTTP\/1.1 200 OK[\s\S]*\r\n\r\nup 1\n$/)
      expect(yield* get(hub, "/nothing")).toMatch(/^HTTP\/1.1 404 /)
    }),
  )

  it.scopedLive("closes on garbage, and goes on serving", () =>
    Effect.gen(function* () {
      const hub = yield* grpcHub({ tls, limits: quick })
      for (let i = 0; i < 30; i++) {
        const socket = yield* Effect.async<Socket>((resume) => {
          const socket = connectPlain(hub.address.port, hub.address.host, () => resume(Effect.succeed(socket)))
          socket.on("error", () => {})
        })
        socket.write(randomBytes(1 + i * 97))
        yield* closes(socket)
      }
      expect(yield* get(hub, "/healthz")).toContain("200 OK")
    }),
  )

  it.scopedLive("cuts off who sends nothing, or a header slowly, or too large a one", () =>
    Effect.gen(function* () {
      const hub = yield* grpcHub({ tls, limits: quick })
      const silent = yield* rawSocket(hub)
      const slow = yield* rawSocket(hub)
      slow.write("GET / HTTP/1.1\r\n")
      const drip = setInterval(() => slow.write("a: b\r\n"), 50)
      yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(drip)))
      const large = yield* rawSocket(hub)
      large.write(`GET / HTTP/1.1\r\na: ${"x".repeat(200_000)}\r\n`)
      yield* Effect.all([closes(silent), closes(slow), closes(large)], { concurrency: "unbounded" })
      expect(yield* get(hub, "/healthz")).toContain("200 OK")
    }),
  )

  it.scopedLive("refuses upgrades to nothing, without a token, of other sites, and malformed ones", () =>
    Effect.gen(function* () {
      const hub = yield* grpcHub({ tls })
      const upgrade = (path: string, headers = "") =>
        Effect.scoped(
          Effect.gen(function* () {
            const socket = yield* rawSocket(hub)
            socket.write(
              `GET ${path} HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`,
            )
            return yield* closes(socket)
          }),
        )
      expect(yield* upgrade("/v1/none")).toMatch(/^HTTP\/1.1 404 /)
      expect(yield* upgrade("/v1/connect?node=web-1")).toMatch(/^HTTP\/1.1 401 [\s\S]*\{"message":"a bearer token/)
      expect(yield* upgrade("/v1/agent/control", "Origin: https://evil.example\r\n")).toMatch(/^HTTP\/1.1 403 /)
      expect(yield* upgrade("/v1/agent/control", "Authorization: Bearer a.b.c\r\n")).toMatch(/^HTTP\/1.1 401 /)
      expect(yield* upgrade("/v1/agent/control", `Authorization: Bearer ${"a".repeat(20_000)}\r\n`)).toMatch(/ 401 /)
    }),
  )
})

describe("the listener with TLS", () => {
  it.scopedLive("cuts off who does not finish the handshake", () =>
    Effect.gen(function* () {
      const hub = yield* testHub({ limits: quick })
      const socket = yield* rawSocket({ ...hub, address: { ...hub.address, tls: false } })
      socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]))
      yield* closes(socket)
    }),
  )

  it.scopedLive("is not trusted by a gRPC client that knows another key", () =>
    Effect.gen(function* () {
      const hub = yield* grpcHub({})
      const other = yield* testHub()
      const error = yield* Effect.flip(callEcho({ ...hub, trust: other.trust }, Buffer.from("x")))
      expect(error.message).toContain("UNAVAILABLE")
    }),
  )
})

describe("without TLS", () => {
  it.scopedLive("tells the protocols apart however the first bytes are cut", () =>
    Effect.gen(function* () {
      const hub = yield* testHub({ tls: false })
      const socket = yield* rawSocket(hub)
      let text = ""
      socket.on("data", (data) => {
        text += data.toString()
      })
      // "P" is how both begin.
      for (const part of ["P", "OST / HTTP/1.1\r\nHo", "st: hub\r\nContent-Length: 0\r\n", "\r\n"]) {
        socket.write(part)
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      yield* eventually(
        "an answer",
        Effect.sync(() => text.startsWith("HTTP/1.1 404")),
      )
    }),
  )
})

/** A connection inside TLS from that address of this machine; closed where the hub does not want it. */
const tlsFrom = (hub: TestHub, localAddress: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly socket: Socket; readonly isOpen: boolean }>((resume) => {
      const { host, port } = hub.address
      const tcp = connectPlain({ host, port, localAddress })
      const socket = connectTls({ socket: tcp, ALPNProtocols: ["http/1.1"], ...tlsOptions(hub.trust) })
      for (const one of [tcp, socket]) one.on("error", () => socket.destroy())
      socket.once("close", () => resume(Effect.succeed({ socket, isOpen: false })))
      socket.once("secureConnect", () => resume(Effect.succeed({ socket, isOpen: true })))
    }),
    ({ socket }) => Effect.sync(() => socket.destroy()),
  )

it.scopedLive("one address holds some connections before it is known whose they are, and leaves room for others", () =>
  Effect.gen(function* () {
    const hub = yield* testHub({ tls: true, limits: { ...defaultListenerLimits, maxStrangersOfOne: 3 } })
    const scope = yield* Effect.scope
    const sockets: Array<Socket> = []
    const isTaken = (address = "127.0.0.1") =>
      Effect.map(Scope.extend(tlsFrom(hub, address), scope), ({ socket, isOpen }) => {
        if (isOpen) sockets.push(socket)
        return isOpen
      })
    // A control connection and two tunnels take places of their own until it is known that they are a node's.
    yield* onlineAgent(hub)
    for (let place = 1; place <= 3; place++) yield* eventually(`place ${place} is free`, isTaken())
    expect(yield* isTaken()).toBe(false)
    expect(yield* isTaken("127.0.0.2")).toBe(true)
    sockets[0]?.destroy()
    yield* eventually("a place is free again", isTaken())
    expect(yield* isTaken()).toBe(false)
  }),
)
