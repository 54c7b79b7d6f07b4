import { generateKeyPairSync } from "node:crypto"
import type { Socket } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { connectTarget, type Target, type TargetLogin } from "../../../src/proxy/agentless/TargetConnection.ts"
import { fingerprint, generateEd25519, publicKeyBlob } from "../../../src/ssh/OpenSshKey.ts"
import { hostKey, listen, sshd, strangers, userCertificate, userKey, workspace } from "../../ssh/support/workspace.ts"

const pinned = publicKeyBlob(hostKey)

const targetAt = (port: number, hostKey: Uint8Array = pinned, host = "127.0.0.1"): Target => ({
  name: "db-1",
  address: { host, port },
  hostKey,
})

const root: TargetLogin = { login: "root", privateKey: userKey, certificate: userCertificate() }

const limits = { connect: "2 seconds", login: "1 second" } as const

const failure = (target: Target, login = root) =>
  Effect.map(Effect.flip(Effect.scoped(connectTarget(target, login, limits))), ({ reason, message }) => ({
    reason,
    message,
  }))

const answering = (speak: (socket: Socket) => void) => Effect.map(listen(speak), targetAt)

describe("a connection to a machine without an agent", () => {
  it.scopedLive("is a login there, with the certificate, where the host key is the pinned one", () =>
    Effect.gen(function* () {
      const ssh = yield* connectTarget(targetAt(yield* sshd(yield* workspace)), root, limits)
      const channel = yield* ssh.exec("exit 3")
      expect(yield* channel.exit).toEqual({ _tag: "Code", code: 3 })
    }),
  )

  it.scopedLive("fails where another host key is shown, or none of the pinned kind, before it logs in", () =>
    Effect.gen(function* () {
      const port = yield* sshd(yield* workspace)
      const other = publicKeyBlob(generateEd25519())
      const rsa = publicKeyBlob(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey)
      const end = "; if its key was changed on purpose, an admin removes the node and adds it again"
      const where = `db-1 (127.0.0.1:${port}) is not the machine that was added: `
      expect(yield* failure(targetAt(port, other))).toEqual({
        reason: "host-key",
        message: `${where}the server's host key ${fingerprint(pinned)} is not the one that was expected (${fingerprint(other)})${end}`,
      })
      expect(yield* failure(targetAt(port, rsa))).toEqual({
        reason: "host-key",
        message: `${where}the server has no host key of the expected kind (${fingerprint(rsa)})${end}`,
      })
    }),
  )

  it.scopedLive("fails where the certificate is refused, or the login is not there", () =>
    Effect.gen(function* () {
      const target = targetAt(yield* sshd(yield* workspace))
      const unknown = { ...root, certificate: userCertificate({}, strangers) }
      const nobody = { ...root, login: "nosuchlogin", certificate: userCertificate({ principals: ["nosuchlogin"] }) }
      for (const login of [unknown, nobody]) {
        expect(yield* failure(target, login)).toEqual({
          reason: "refused",
          message: `db-1 (127.0.0.1:${target.address.port}) does not let ${login.login} in: there is no such account, or its sshd does not trust the cluster's user CA (TrustedUserCAKeys), or its settings forbid it`,
        })
      }
    }),
  )

  it.scopedLive("fails where nothing listens, and where there is no such host", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(listen(() => undefined))
      expect(yield* failure(targetAt(port))).toEqual({
        reason: "unreachable",
        message: `db-1 (127.0.0.1:${port}) cannot be reached: nothing listens there (connection refused)`,
      })
      const nowhere = yield* failure(targetAt(22, pinned, "nosuchhost.invalid"))
      expect(nowhere.reason).toBe("unreachable")
      expect(nowhere.message).toMatch(
        /^db-1 \(nosuchhost\.invalid:22\) cannot be reached: (there is no such host|its name)/,
      )
    }),
  )

  it.scopedLive("fails in time where what answers hangs, hangs up, or speaks something else", () =>
    Effect.gen(function* () {
      const silent = yield* answering(() => undefined)
      const stuck = yield* answering((socket) => void socket.write("SSH-2.0-OpenSSH_9.2p1\r\n"))
      const rude = yield* answering((socket) => void socket.destroy())
      const web = yield* answering((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
      const noise = yield* answering((socket) => void socket.write(Buffer.alloc(100_000, 0xff)))
      const old = yield* answering((socket) => void socket.write("SSH-1.5-ancient\r\n"))
      const all = yield* Effect.forEach([silent, stuck, rude, web, noise, old], (target) => failure(target), {
        concurrency: "unbounded",
      })
      const where = (target: Target) => `db-1 (127.0.0.1:${target.address.port})`
      const foreign = (target: Target) => `what answers for ${where(target)} does not speak SSH as it should: `
      const hungUp = "closed the connection before the login was done: the server hung up before the handshake"
      expect(all).toEqual([
        { reason: "timeout", message: `${where(silent)} does not answer: no login within 1s` },
        { reason: "timeout", message: `${where(stuck)} does not answer: no login within 1s` },
        { reason: "closed", message: `${where(rude)} ${hungUp}` },
        { reason: "closed", message: `${where(web)} ${hungUp}` },
        { reason: "protocol", message: `${foreign(noise)}Header line too long` },
        { reason: "protocol", message: `${foreign(old)}Invalid identification string` },
      ])
    }),
  )
})
