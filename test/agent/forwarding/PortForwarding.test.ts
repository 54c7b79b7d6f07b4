import { execFileSync, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { chmodSync, chownSync, readFileSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { describe } from "vitest"
import { dial, listen, run, sshArgs, userCertificate, workspace } from "../../ssh/support/workspace.ts"
import { socksConnect } from "../../support/socks.ts"
import { isRoot, self, throwAwayUser } from "../terminal/session.ts"
import { forwardingServer } from "./forwardingServer.ts"

const until = <A>(look: () => A | undefined | false) =>
  Effect.sync(look).pipe(
    Effect.filterOrFail((found): found is Exclude<A, false | undefined> => found !== undefined && found !== false),
    Effect.retry(Schedule.spaced("10 millis")),
    Effect.timeout("15 seconds"),
    Effect.orDie,
  )

const freePort = Effect.scoped(listen(() => undefined))

/** OpenSSH without a session, as long as the scope; what it has said so far. */
const sshWithout = (args: ReadonlyArray<string>, login: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn("ssh", [
        "-o",
        "LogLevel=INFO",
        ...args,
        "-o",
        "ExitOnForwardFailure=yes",
        "-N",
        `${login}@127.0.0.1`,
      ])
      const said = { stderr: "", ended: false, stop: () => child.kill("SIGTERM") }
      child.stderr.on("data", (bytes) => {
        said.stderr += bytes
      })
      child.once("close", () => {
        said.ended = true
      })
      return said
    }),
    (said) => Effect.sync(() => said.stop()),
  )

/** Sends everything, ends, and gives all that comes back. */
const exchange = (socket: Socket, bytes: Buffer) =>
  Effect.async<Buffer>((resume) => {
    const received: Array<Buffer> = []
    socket.on("data", (chunk: Buffer) => received.push(chunk))
    socket.once("close", () => resume(Effect.succeed(Buffer.concat(received))))
    socket.end(bytes)
  })

const connected = (port: number) =>
  dial(port).pipe(Effect.retry(Schedule.spaced("20 millis")), Effect.timeout("15 seconds"), Effect.orDie)

/** Answers with the digest of all that it got, once it got all of it. */
const digestServer = listen((socket) => {
  const hash = createHash("sha256")
  socket.on("data", (bytes) => hash.update(bytes))
  socket.on("end", () => socket.end(hash.digest()))
})

const account = isRoot ? throwAwayUser() : Effect.succeed(self.name)
const certificateOf = (login: string) => userCertificate({ principals: [login] })
const uidOf = (login: string) => Number(execFileSync("id", ["-u", login]))

/** Whose the sockets with this remote port are, as the kernel tells everybody. */
const ownersOf = (remotePort: number) => {
  const hex = `:${remotePort.toString(16).toUpperCase().padStart(4, "0")}`
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = "", state]) => remote.endsWith(hex) && state === "01")
    .map((fields) => Number(fields[7]))
}

describe("ports that a client forwards", () => {
  it.scopedLive("-L carries bytes unchanged, half-closed too, on a socket of the login's, and is audited", () =>
    Effect.gen(function* () {
      const login = yield* account
      const { port, events } = yield* forwardingServer()
      const target = yield* digestServer
      const local = yield* freePort
      const args = sshArgs(yield* workspace, port, certificateOf(login))
      yield* sshWithout([...args, "-L", `127.0.0.1:${local}:localhost:${target}`], login)
      const socket = yield* connected(local)
      const bytes = randomBytes(5_000_000)
      socket.write(bytes)
      const owners = yield* until(() => {
        const found = ownersOf(target)
        return found.length > 0 && found
      })
      expect(owners).toEqual([uidOf(login)])
      const more = randomBytes(1000)
      const digest = yield* exchange(socket, more)
      expect(digest).toEqual(createHash("sha256").update(bytes).update(more).digest())
      yield* until(() => events.length === 2)
      const about = { user: "alice", login, remote_address: "127.0.0.1" }
      const detail = { direction: "local", target: `localhost:${target}` }
      expect(events).toMatchObject([
        { type: "port", ...about, detail: { ...detail, action: "open" } },
        {
          type: "port",
          ...about,
          detail: {
            ...detail,
            address: "127.0.0.1",
            action: "close",
            bytes_from_client: 5_001_000,
            bytes_to_client: 32,
          },
        },
      ])
    }),
  )

  it.scopedLive("-D reaches what the node reaches, and says why it does not", () =>
    Effect.gen(function* () {
      const login = yield* account
      const { port, events } = yield* forwardingServer()
      const target = yield* digestServer
      const socks = yield* freePort
      const args = sshArgs(yield* workspace, port, certificateOf(login))
      const ssh = yield* sshWithout([...args, "-D", `127.0.0.1:${socks}`], login)
      const reach = (host: string, to: number) =>
        Effect.flatMap(connected(socks), (socket) =>
          Effect.map(
            Effect.promise(() => socksConnect(socket, host, to)),
            (made) => ({ made, socket }),
          ),
        )
      const { made, socket } = yield* reach("127.0.0.1", target)
      expect(made).toBe(true)
      expect(yield* exchange(socket, Buffer.from("via socks"))).toEqual(
        createHash("sha256").update("via socks").digest(),
      )
      const closed = yield* freePort
      expect((yield* reach("127.0.0.1", closed)).made).toBe(false)
      expect((yield* reach("no-such-host.invalid", 80)).made).toBe(false)
      yield* until(() => ssh.stderr.includes("no-such-host.invalid cannot be looked up: no such host"))
      expect(ssh.stderr).toContain(`open failed: connect failed: 127.0.0.1 port ${closed}: connection refused`)
      yield* until(() => events.filter(({ detail }) => detail.action === "fail").length === 2)
      yield* until(() => events.some(({ detail }) => detail.action === "close"))
      expect(events.filter(({ detail }) => "address" in detail)).toEqual([])
    }),
  )

  it.scopedLive("-R listens on loopback as the login, passes connections on, and stops with the connection", () =>
    Effect.gen(function* () {
      const login = yield* account
      const { port, events } = yield* forwardingServer()
      const target = yield* digestServer
      const there = yield* freePort
      const args = sshArgs(yield* workspace, port, certificateOf(login))
      const ssh = yield* sshWithout([...args, "-R", `*:${there}:127.0.0.1:${target}`], login)
      const bytes = randomBytes(3_000_000)
      const digest = yield* exchange(yield* connected(there), bytes)
      expect(digest).toEqual(createHash("sha256").update(bytes).digest())
      const listening = execFileSync("ss", ["-Hltn", `sport = :${there}`], { encoding: "utf8" })
      expect(listening.split("\n").filter((line) => line.includes(`:${there}`))).not.toContainEqual(
        expect.stringMatching(/(0\.0\.0\.0|\*|\[::\]):\d/),
      )
      expect(listening).toContain(`127.0.0.1:${there}`)
      ssh.stop()
      yield* until(() => execFileSync("ss", ["-Hltn", `sport = :${there}`], { encoding: "utf8" }) === "")
      expect(events.map(({ detail }) => [detail.action, detail.bytes_to_client])).toEqual([
        ["listen", undefined],
        ["open", undefined],
        ["close", 3_000_000],
      ])
    }),
  )

  it.scopedLive.skipIf(!isRoot)(
    "a port below 1024 and another's unix socket are as far away as for the login itself",
    () =>
      Effect.gen(function* () {
        const login = yield* account
        const { port, events } = yield* forwardingServer()
        const place = yield* workspace
        chmodSync(place.directory, 0o711)
        const args = sshArgs(place, port, certificateOf(login))
        const refused = yield* run("ssh", [
          "-o",
          "LogLevel=INFO",
          ...args,
          "-o",
          "ExitOnForwardFailure=yes",
          "-N",
          "-R",
          "81:127.0.0.1:9",
          `${login}@127.0.0.1`,
        ])
        expect(refused.stderr).toContain("remote port forwarding failed for listen port 81")
        expect(events).toMatchObject([{ detail: { action: "fail", reason: "127.0.0.1 port 81: permission denied" } }])

        const path = join(place.directory, "service")
        const server = createServer((socket) => socket.end("from the service"))
        yield* Effect.acquireRelease(
          Effect.async<void>((resume) => void server.listen(path, () => resume(Effect.void))),
          () => Effect.sync(() => server.close()),
        )
        const local = yield* freePort
        yield* sshWithout([...args, "-L", `127.0.0.1:${local}:${path}`], login)
        const read = Effect.flatMap(connected(local), (socket) => exchange(socket, Buffer.alloc(0)))
        expect((yield* read).toString()).toBe("")
        chownSync(path, uidOf(login), -1)
        expect((yield* read).toString()).toBe("from the service")
      }),
  )

  it.scopedLive("are refused to whom they are not granted, with a word and an event", () =>
    Effect.gen(function* () {
      const { port, events } = yield* forwardingServer({ portForwarding: false })
      const args = sshArgs(yield* workspace, port, certificateOf(self.name))
      const target = yield* digestServer
      const direct = yield* run("ssh", [
        "-o",
        "LogLevel=INFO",
        ...args,
        "-W",
        `127.0.0.1:${target}`,
        `${self.name}@127.0.0.1`,
      ])
      expect(direct.stderr).toContain("port forwarding is not allowed for you on this node")
      const remote = yield* run("ssh", [
        "-o",
        "LogLevel=INFO",
        ...args,
        "-o",
        "ExitOnForwardFailure=yes",
        "-N",
        "-R",
        "0:127.0.0.1:9",
        `${self.name}@127.0.0.1`,
      ])
      expect(remote.stderr).toContain("remote port forwarding failed")
      expect(events.map(({ type }) => type)).toEqual(["session.rejected", "session.rejected"])
    }),
  )
})
