import { createPrivateKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Grpc from "@grpc/grpc-js"
import { Effect, Redacted } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { WebSocket } from "ws"
import { type BearerToken, mintNodeToken, mintUserToken } from "../../src/api/BearerToken.ts"
import { paths } from "../../src/api/transport/TunnelMessages.ts"
import { parseOpenSshPrivateKey } from "../../src/ssh/OpenSshPrivateKey.ts"
import { Cluster } from "./support/Cluster.ts"

type Caller = "nobody" | "liar" | "user" | "node"

/** Who gets a WebSocket, by path; the others get 401. At `rpc` each call asks for a token of its own besides: see `RpcMatrix`. */
const webSockets: Readonly<Record<keyof typeof paths, readonly [path: string, ReadonlyArray<Caller>]>> = {
  // Before the node's, which takes the agent's place for a moment.
  connect: [`${paths.connect}?node=web-1`, ["user"]],
  control: [paths.control, ["node"]],
  tunnel: [paths.tunnel, ["node"]],
  rpc: [paths.rpc, ["user", "node"]],
  publicRpc: [paths.publicRpc, ["nobody", "liar", "user", "node"]],
}

/** What plain HTTP gives, whoever asks: nothing of sessions or recordings. */
const pages: ReadonlyArray<readonly [method: string, path: string, status: number]> = [
  ["GET", "/healthz", 200],
  ["GET", "/readyz", 200],
  ["GET", "/metrics", 200],
  ...["/", "/v1/rpc", "/v1/connect?node=web-1", "/recordings", "/hub.db", "/metrics/x", "/healthz/../hub.db"].map(
    (path) => ["GET", path, 404] as const,
  ),
  ...["POST", "PUT", "DELETE", "OPTIONS"].map((method) => [method, "/metrics", 404] as const),
]

/** Who may call what over gRPC: the code that a call ends with that sends nothing. */
const methods: ReadonlyArray<readonly [path: string, Readonly<Record<Caller, Grpc.status>>]> = [
  [
    "/mezite.recording.v1.RecordingIngest/Record",
    {
      nobody: Grpc.status.UNAUTHENTICATED,
      liar: Grpc.status.UNAUTHENTICATED,
      user: Grpc.status.UNAUTHENTICATED,
      // It is let in, and has not said which session it is about.
      node: Grpc.status.UNAVAILABLE,
    },
  ],
  ...[
    "/mezite.recording.v1.RecordingIngest/Read",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.health.v1.Health/Check",
  ].map((path) => {
    const code = Grpc.status.UNIMPLEMENTED
    return [path, { nobody: code, liar: code, user: code, node: code }] as const
  }),
]

let cluster: Cluster
let tokens: Readonly<Record<Caller, () => Promise<string | undefined>>>

const minting = (mint: Effect.Effect<BearerToken>) => async () => Redacted.value(await Effect.runPromise(mint))

beforeAll(async () => {
  cluster = await Cluster.start({ hub: { MEZITE_TLS: "off" } })
  const user = JSON.parse(readFileSync(cluster.identity, "utf8"))
  const node = JSON.parse(readFileSync(join(cluster.agentDirectory("web-1"), "agent/node.json"), "utf8"))
  const [, certificate = ""] = user.credentials.certificate.split(" ")
  const userKey = await Effect.runPromise(parseOpenSshPrivateKey(user.private_key))
  const about = { audience: "mezite" }
  tokens = {
    nobody: async () => undefined,
    liar: async () => "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
    user: minting(mintUserToken({ ...about, user: "alice", certificate, key: userKey })),
    node: minting(mintNodeToken({ ...about, nodeId: node.node_id, key: createPrivateKey(node.identity_key) })),
  }
})
afterAll(() => cluster.stop())

const statusOf = async (path: string, caller: Caller): Promise<number> => {
  const token = await tokens[caller]()
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const socket = new WebSocket(`ws://${cluster.listen}${path}`, { headers })
  return new Promise((resolve, reject) => {
    socket.on("upgrade", ({ statusCode = 0 }) => resolve(statusCode))
    socket.on("unexpected-response", (_, { statusCode = 0 }) => resolve(statusCode))
    socket.on("error", reject)
  }).finally(() => socket.terminate()) as Promise<number>
}

const callers: ReadonlyArray<Caller> = ["nobody", "liar", "user", "node"]

it.each(Object.values(webSockets))("a WebSocket at %s is for %j", async (path, allowed) => {
  for (const caller of callers) {
    expect([caller, await statusOf(path, caller)]).toEqual([caller, allowed.includes(caller) ? 101 : 401])
  }
})

it("there is no other WebSocket", async () => {
  for (const path of [
    "/",
    "/v1",
    "/v1/rpc/",
    "/v1/rpc/hub",
    "/v1/agent",
    "/v1/recordings",
    "/__proto__",
    "/toString",
  ]) {
    expect([path, await statusOf(path, "user")]).toEqual([path, 404])
  }
})

it.each(pages)("%s %s is %i, whoever asks", async (method, path, status) => {
  for (const caller of callers) {
    const token = await tokens[caller]()
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const answer = await fetch(`http://${cluster.listen}${path}`, { method, headers })
    expect([caller, answer.status]).toEqual([caller, status])
    expect(await answer.text()).not.toMatch(/alice|web-1/)
  }
})

it.each(methods)("gRPC: %s", async (path, codes) => {
  const client = new Grpc.Client(cluster.listen, Grpc.credentials.createInsecure())
  for (const caller of callers) {
    const token = await tokens[caller]()
    const metadata = new Grpc.Metadata()
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`)
    const pass = (bytes: Buffer) => bytes
    const call = client.makeBidiStreamRequest(path, pass, pass, metadata)
    const code = await new Promise((resolve) => {
      call.on("error", () => undefined)
      call.on("data", () => undefined)
      call.on("status", (status) => resolve(status.code))
      call.end()
    })
    expect([caller, code]).toEqual([caller, codes[caller]])
  }
  client.close()
})
