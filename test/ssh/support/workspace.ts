import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import type { KeyObject } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, connect as netConnect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Schedule, type Scope } from "effect"
import { certificateAuthority, type UserCertificateRequest } from "../../../src/ssh/CertificateAuthority.ts"
import { certificateLine } from "../../../src/ssh/OpenSshCertificate.ts"
import { generateEd25519, publicKeyLine } from "../../../src/ssh/OpenSshKey.ts"
import { writeOpenSshPrivateKey } from "../../../src/ssh/OpenSshPrivateKey.ts"

export const userAuthority = certificateAuthority(generateEd25519())
export const hostAuthority = certificateAuthority(generateEd25519())
export const strangers = certificateAuthority(generateEd25519())
export const userKey = generateEd25519()
export const hostKey = generateEd25519()

export const validity = () => {
  const now = BigInt(Math.floor(Date.now() / 1000))
  return { validAfter: now - 60n, validBefore: now + 3600n, serial: 1n }
}

export const userCertificate = (change: Partial<UserCertificateRequest> = {}, authority = userAuthority) =>
  authority.signUser({ publicKey: userKey, keyId: "alice", principals: ["root"], ...validity(), ...change })

export const hostCertificate = (name = "web-1", publicKey: KeyObject = hostKey, authority = hostAuthority) =>
  authority.signHost({ publicKey, keyId: name, principals: [name], ...validity() })

/** A directory with what OpenSSH's programs need, removed with the scope. */
export const workspace = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = mkdtempSync(join(tmpdir(), "mezite-ssh-"))
    const put = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text, { mode: 0o600 })
      return join(directory, name)
    }
    put("id", writeOpenSshPrivateKey(userKey))
    put("id.pub", `${publicKeyLine(userKey)}\n`)
    put("known_hosts", `@cert-authority * ${hostAuthority.publicKeyLine}\n`)
    return { directory, put }
  }),
  ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true, force: true })),
)
export type Workspace = Effect.Effect.Success<typeof workspace>

/** A listening TCP socket; its port. Sockets that are left are destroyed with the scope. */
export const listen = (onSocket: (socket: Socket) => void): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined)
        onSocket(socket)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        }
        resume(Effect.succeed({ port, close }))
      })
    }),
    ({ close }) => Effect.sync(close),
  ).pipe(Effect.map(({ port }) => port))

export const dial = (port: number): Effect.Effect<Socket, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Socket, Error>((resume) => {
      const socket = netConnect(port, "127.0.0.1")
      socket.once("error", (error) => resume(Effect.fail(error)))
      socket.once("connect", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  )

export interface Ran {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a program to its end with this input; killed with the fiber. */
export const run = (command: string, args: ReadonlyArray<string>, input: string | Buffer = ""): Effect.Effect<Ran> =>
  Effect.async((resume) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] })
    const stdout: Array<Buffer> = []
    const stderr: Array<Buffer> = []
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes))
    child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes))
    child.stdin.on("error", () => undefined)
    child.stdin.end(input)
    child.once("close", (code) =>
      resume(Effect.succeed({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() })),
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Arguments with which `ssh` talks to our server on this port. */
export const sshArgs = ({ directory, put }: Workspace, port: number, certificate = userCertificate()) => {
  put("id-cert.pub", `${certificateLine(certificate)}\n`)
  return [
    ...[
      "-F",
      "none",
      "-p",
      String(port),
      "-i",
      join(directory, "id"),
      "-o",
      `UserKnownHostsFile=${directory}/known_hosts`,
    ],
    ...[
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      "IdentityAgent=none",
      "-o",
      "StrictHostKeyChecking=yes",
      "-o",
      "BatchMode=yes",
    ],
    ...["-o", "HostKeyAlias=web-1", "-o", "HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com", "-o", "LogLevel=ERROR"],
  ]
}

/** OpenSSH's server with our authorities; its port. */
export const sshd = ({ directory, put }: Workspace, name = "web-1"): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    const port = yield* Effect.scoped(listen(() => undefined))
    const key = put("host_key", writeOpenSshPrivateKey(hostKey))
    put("host_key-cert.pub", `${certificateLine(hostCertificate(name))}\n`)
    const config = put(
      "sshd_config",
      [
        `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${key}\nHostCertificate ${key}-cert.pub`,
        `TrustedUserCAKeys ${put("user_ca", `${userAuthority.publicKeyLine}\n`)}`,
        `PidFile none\nUsePAM no\nPermitRootLogin yes\nStrictModes no\nAcceptEnv FOO\nAuthorizedKeysFile none`,
        "Subsystem echo /bin/cat\n",
      ].join("\n"),
    )
    execFileSync("mkdir", ["-p", "/run/sshd"])
    yield* Effect.acquireRelease(
      Effect.sync((): ChildProcess => spawn("/usr/sbin/sshd", ["-D", "-f", config, "-E", join(directory, "sshd.log")])),
      (child) => Effect.sync(() => child.kill()),
    )
    yield* Effect.scoped(dial(port)).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(250))),
      Effect.orDie,
    )
    return port
  })
