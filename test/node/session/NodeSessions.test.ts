import { userInfo } from "node:os"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, Option, Stream } from "effect"
import { EnhancedRecording } from "../../../src/agent/enhanced/EnhancedRecording.ts"
import { layerLocalMachine } from "../../../src/agent/LocalMachine.ts"
import type { AuditEventDraft } from "../../../src/domain/AuditEvent.ts"
import type { Exit } from "../../../src/domain/SessionEnd.ts"
import { AuditReports } from "../../../src/node/audit/AuditReports.ts"
import { FileTransfers } from "../../../src/node/files/FileTransfers.ts"
import { PortForwarding } from "../../../src/node/forwarding/PortForwarding.ts"
import type { CertifiedLogin } from "../../../src/node/session/CertifiedLogin.ts"
import { Drain } from "../../../src/node/session/Drain.ts"
import { loginAccess } from "../../../src/node/session/LoginAccess.ts"
import { NodeSessions } from "../../../src/node/session/NodeSessions.ts"
import { RecordedSession } from "../../../src/node/session/RecordedSession.ts"
import { SessionRegistry } from "../../../src/session/SessionRegistry.ts"
import { certificateAuthority } from "../../../src/ssh/CertificateAuthority.ts"
import type { OpenSshCertificate } from "../../../src/ssh/OpenSshCertificate.ts"
import type { SessionChannel } from "../../../src/ssh/SessionChannel.ts"
import { SessionKind, type SessionRequest } from "../../../src/ssh/SessionRequest.ts"
import type { SshConnection } from "../../../src/ssh/SshConnection.ts"
import { newKey } from "../../auth/support/Fixtures.ts"
import { fullGrant } from "../../support/accessGrants.ts"

const certificateUntil = (validBefore: bigint) =>
  certificateAuthority(newKey().privateKey).signUser({
    publicKey: newKey().privateKey,
    keyId: "alice",
    principals: ["root"],
    validAfter: 0n,
    validBefore,
    serial: 1n,
  })
const valid = certificateUntil(2n ** 63n)

/** Serves one connection, with what its client asks for, until all is answered. */
const served = Effect.fnUntraced(
  function* (about: {
    readonly kind?: SessionKind
    readonly login?: string
    readonly certificate?: OpenSshCertificate
  }) {
    const { certificate = valid } = about
    const events: Array<AuditEventDraft> = []
    const recordings: Array<string> = []
    const transfers: Array<string> = []
    const answer: { stderr: string; exit?: Exit; rejected: boolean } = { stderr: "", rejected: false }
    const done = Effect.unsafeMakeLatch(about.kind === undefined)
    const channel: SessionChannel = {
      input: Stream.empty,
      write: () => Effect.void,
      writeStderr: (bytes) =>
        Effect.sync(() => {
          answer.stderr += Buffer.from(bytes).toString()
        }),
      resizes: Stream.empty,
      signals: Stream.empty,
      exit: (exit) =>
        Effect.suspend(() => {
          answer.exit = exit
          return done.open
        }),
      closed: Effect.never,
    }
    const request = (kind: SessionKind): SessionRequest => ({
      kind,
      pty: Option.none(),
      env: {},
      agentForwarding: false,
      accept: Effect.succeed(channel),
      reject: Effect.suspend(() => {
        answer.rejected = true
        return done.open
      }),
    })
    const connection: SshConnection<CertifiedLogin> = {
      username: "root",
      identity: {
        user: "alice",
        login: about.login ?? "root",
        certificate,
        access: loginAccess(certificate, fullGrant("alice")),
      },
      remoteAddress: "192.0.2.1:4022",
      clientVersion: "OpenSSH_9.2p1",
      sessions: Stream.fromIterable(about.kind === undefined ? [] : [request(about.kind)]),
      forwards: Stream.empty,
      listens: Stream.empty,
      openForwarded: () => Effect.dieMessage("forwarded"),
      openAgent: Effect.dieMessage("forwarded"),
      closed: done.await,
      disconnect: () => Effect.void,
    }
    const reports = Layer.succeed(AuditReports, {
      report: () => Effect.die("reported"),
      tell: (event) => Effect.sync(() => void events.push(event)),
      will: () => Effect.succeed({ change: () => Effect.void }),
      isCrowded: Effect.succeed(false),
      wake: Effect.void,
    })
    const layer = NodeSessions.layer({
      node: "web-1",
      cluster: "test",
      mode: Effect.succeed({ mode: "node", source: "cluster" }),
    }).pipe(
      Layer.provide(
        Layer.mergeAll(
          Drain.layer.pipe(Layer.provideMerge(SessionRegistry.layer)),
          Layer.succeed(RecordedSession, {
            run: ({ login }) => {
              recordings.push(login)
              return Effect.die("recorded")
            },
          }),
          Layer.succeed(FileTransfers, {
            run: ({ transfer, channel }) =>
              Effect.zipRight(
                Effect.sync(() => void transfers.push(transfer._tag)),
                channel.exit({ _tag: "Code", code: 0 }),
              ),
          }),
          Layer.succeed(PortForwarding, { serve: () => Effect.void }),
          Layer.provide(layerLocalMachine, EnhancedRecording.layer(Option.none())),
        ),
      ),
      Layer.provide(reports),
    )
    yield* Effect.provide(
      Effect.flatMap(NodeSessions, ({ serve }) => serve(connection)),
      layer,
    )
    return { events, recordings, transfers, answer }
  },
  Effect.timeout("5 seconds"),
  Logger.withMinimumLogLevel(LogLevel.None),
)

describe("an agent's sessions", () => {
  it.live("refuse a subsystem that this machine does not have, and tell the audit log", () =>
    Effect.gen(function* () {
      const { answer, events, recordings } = yield* served({ kind: SessionKind.Subsystem({ name: "net\nconf" }) })
      expect(answer).toEqual({
        stderr: "mezite: this node does not have that subsystem\n",
        exit: { _tag: "Code", code: 1 },
        rejected: false,
      })
      const reason = 'the subsystem "net\\x0aconf" is not available on this node'
      expect(events).toMatchObject([{ type: "session.rejected", user: "alice", detail: { reason } }])
      expect(recordings).toEqual([])
    }),
  )

  it.live("record no file transfer, and every command that only looks like one", () =>
    Effect.gen(function* () {
      for (const [command, tag] of [
        ["scp -t /tmp/x", "Scp"],
        ["rsync --server --sender -logDtpre.iLsfxCIvu . /tmp/x", "Rsync"],
      ] as const) {
        const { recordings, transfers } = yield* served({
          kind: SessionKind.Exec({ command }),
          login: userInfo().username,
        })
        expect([recordings, transfers]).toEqual([[], [tag]])
      }
      for (const command of ["scp -t x; bash", "scp -t $(bash)", "rsync --server --daemon .", "scp -t *"]) {
        const { recordings, transfers } = yield* served({
          kind: SessionKind.Exec({ command }),
          login: userInfo().username,
        })
        expect([recordings.length, transfers]).toEqual([1, []])
      }
    }),
  )

  it.live("record nothing for a login that this machine does not have, and say so", () =>
    Effect.gen(function* () {
      const login = "no-such-account"
      const { answer, events, recordings } = yield* served({ kind: SessionKind.Shell(), login })
      const reason = `there is no account "${login}" on this machine`
      expect(answer).toEqual({ stderr: `mezite: ${reason}\n`, exit: { _tag: "Code", code: 255 }, rejected: false })
      expect(events).toMatchObject([{ type: "session.rejected", login, detail: { reason } }])
      expect(recordings).toEqual([])
    }),
  )

  it.live(
    "begin no more on a connection whose certificate has expired meanwhile, for the hub would not take them",
    () =>
      Effect.gen(function* () {
        for (const command of ["id", "scp -t /tmp/x"]) {
          const kind = SessionKind.Exec({ command })
          const certificate = certificateUntil(BigInt(Math.floor(Date.now() / 1000)))
          const refused = yield* served({ kind, login: userInfo().username, certificate })
          const reason = 'certificate "alice" has expired; log in again'
          expect(refused.answer.stderr).toBe(`mezite: ${reason}\n`)
          expect(refused.answer.exit).toEqual({ _tag: "Code", code: 255 })
          expect(refused.events).toMatchObject([{ type: "session.rejected", detail: { reason } }])
          expect([refused.recordings, refused.transfers]).toEqual([[], []])
        }
      }),
  )
})
