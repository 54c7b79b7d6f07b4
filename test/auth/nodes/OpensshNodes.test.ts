import { generateKeyPairSync } from "node:crypto"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Option, Redacted, Stream } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { signingKey } from "../../../src/auth/keys/SigningKey.ts"
import { Nodes } from "../../../src/auth/nodes/Nodes.ts"
import { OpensshNodes, type OpensshRequest } from "../../../src/auth/nodes/OpensshNodes.ts"
import { Login, NodeName } from "../../../src/domain/Identifiers.ts"
import { fingerprint, publicKeyBlob, publicKeyLine } from "../../../src/ssh/OpenSshKey.ts"
import { hostKey, listen, sshd, workspace } from "../../ssh/support/workspace.ts"
import { newKey } from "../support/Fixtures.ts"
import { layerLiveHub } from "../support/TestHub.ts"

const given = newKey()

const request = (about: Partial<OpensshRequest> = {}): OpensshRequest => ({
  name: NodeName.make("db-1"),
  address: "10.0.0.5",
  logins: [Login.make("root"), Login.make("deploy")],
  hostKey: Option.some(given.line),
  labels: { env: "prod" },
  ...about,
})

const add = (about: Partial<OpensshRequest> = {}) =>
  Effect.flatMap(OpensshNodes, (nodes) => nodes.add(request(about), "tester"))

it.scopedLive(
  "adds a machine with the host key that an admin gives, and keys of its own that leave through no call",
  () =>
    Effect.gen(function* () {
      const openssh = yield* OpensshNodes
      const nodes = yield* Nodes
      const { id, ...pinned } = yield* add()
      const line = publicKeyLine(given.privateKey)
      expect(pinned).toEqual({ host_key: line, fingerprint: fingerprint(publicKeyBlob(given.privateKey)) })
      const node = Option.getOrThrow(yield* openssh.find(id))
      expect(node).toMatchObject({
        id,
        name: "db-1",
        address: { host: "10.0.0.5", port: 22 },
        logins: ["root", "deploy"],
      })
      expect(Buffer.from(node.targetKey)).toEqual(publicKeyBlob(given.privateKey))
      const row = Option.getOrThrow(yield* nodes.find(id))
      expect(signingKey(node.identityKey).publicLine).toBe(row.identity_key)
      expect(signingKey(node.hostKey).publicLine).toBe(row.host_key)
      const served = { mode: "node-sync", modeSource: "cluster", labels: {}, hostKey: row.host_key } as const
      yield* nodes.register(id, { ...served, version: "1.0.0" })
      const [listed] = yield* nodes.list
      expect(listed).toMatchObject({
        labels: { env: "prod" },
        claimed_labels: null,
        openssh: { address: "10.0.0.5:22", logins: ["root", "deploy"], host_key: line },
      })
      expect(JSON.stringify(listed)).not.toContain("PRIVATE")
      const events = yield* Effect.flatMap(AuditLog, (audit) =>
        Stream.runCollect(
          audit.list({ type: "node.join", user: null, sessionId: null, node: null, sinceMs: null, limit: null }),
        ),
      )
      const [event] = Chunk.toReadonlyArray(events)
      expect(event).toMatchObject({ user: "tester", node: "db-1" })
      expect(event?.detail).toEqual({
        ...{ node_id: id, labels: { env: "prod" }, address: "10.0.0.5:22", logins: ["root", "deploy"] },
        ...{ host_key: pinned.fingerprint, host_key_from: "admin" },
      })
    }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("reads host keys as ssh-keyscan prints them, of every kind that is known, and no others", () =>
  Effect.gen(function* () {
    const rsa = publicKeyLine(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey)
    const scanned = yield* add({ hostKey: Option.some(`[10.0.0.5]:2222 ${rsa}\n`), address: "[2001:db8::1]:2222" })
    expect(scanned.host_key).toBe(rsa)
    for (const line of ["", "ssh-ed25519", "nonsense", "ssh-dss AAAAB3NzaC1kc3M="]) {
      const refused = yield* Effect.flip(add({ name: NodeName.make("db-2"), hostKey: Option.some(line) }))
      expect(refused).toMatchObject({ _tag: "Invalid" })
    }
    for (const address of ["", "a b", "db:0", "db:99999", "[::1", "http://db"]) {
      expect(yield* Effect.flip(add({ name: NodeName.make("db-2"), address }))).toMatchObject({ _tag: "Invalid" })
    }
    expect(yield* Effect.flip(add())).toMatchObject({ _tag: "Conflict" })
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("asks the machine for its host key where nobody gives it", () =>
  Effect.gen(function* () {
    const port = yield* sshd(yield* workspace)
    const { host_key } = yield* add({ address: `127.0.0.1:${port}`, hostKey: Option.none() })
    expect(host_key).toBe(publicKeyLine(hostKey))
    const [dead, web] = [
      yield* Effect.scoped(listen(() => undefined)),
      yield* listen((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    ]
    for (const other of [dead, web]) {
      const failed = yield* Effect.flip(
        add({ name: NodeName.make("db-2"), address: `127.0.0.1:${other}`, hostKey: Option.none() }),
      )
      expect(failed._tag).toBe("Unavailable")
      expect(failed.message).toMatch(
        new RegExp(
          `^127\\.0\\.0\\.1:${other} does not show a host key: .*; give it with --host-key to add the machine`,
        ),
      )
    }
  }).pipe(Effect.provide(layerLiveHub())),
)

it.scopedLive("forgets a machine's keys when it is removed", () =>
  Effect.gen(function* () {
    const openssh = yield* OpensshNodes
    const { id } = yield* add()
    expect(yield* openssh.ids).toEqual([id])
    yield* Effect.flatMap(Nodes, (nodes) => nodes.remove(NodeName.make("db-1"), "tester"))
    expect([yield* openssh.ids, yield* openssh.find(id)]).toEqual([[], Option.none()])
    const again = yield* add()
    expect(again.id).not.toBe(id)
    expect(Redacted.isRedacted(Option.getOrThrow(yield* openssh.find(again.id)).identityKey)).toBe(true)
  }).pipe(Effect.provide(layerLiveHub())),
)
