import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, LogLevel, Option, Schedule, Stream, TestClock } from "effect"
import { systemProgram } from "../../../src/agent/files/internal/systemProgram.ts"
import { startTransfer } from "../../../src/agent/files/startTransfer.ts"
import type { AuditEventDraft } from "../../../src/domain/AuditEvent.ts"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import { AuditReports, type Reported } from "../../../src/node/audit/AuditReports.ts"
import { ReportFailed } from "../../../src/node/audit/ReportFailed.ts"
import { FileTransfer } from "../../../src/node/files/FileTransfer.ts"
import { FileTransfers } from "../../../src/node/files/FileTransfers.ts"
import { transferAudit } from "../../../src/node/files/internal/transferAudit.ts"
import type { MachineLogin } from "../../../src/node/machine/Machine.ts"
import type { SessionChannel } from "../../../src/ssh/SessionChannel.ts"
import { self } from "../../agent/terminal/session.ts"
import { sessionInfo } from "../../auth/support/Fixtures.ts"

/** An audit log that takes only so many events, and may never confirm one. */
const auditLog = (takes = Number.POSITIVE_INFINITY, delivered: Effect.Effect<void> = Effect.void) => {
  const events: Array<AuditEventDraft> = []
  const tell = (event: AuditEventDraft) => Effect.sync(() => void events.push(event))
  const report = (event: AuditEventDraft): Effect.Effect<Reported, ReportFailed> =>
    Effect.suspend(() =>
      events.length < takes ? Effect.as(tell(event), { delivered }) : new ReportFailed({ message: "the disk is full" }),
    )
  /** As it stands now; undefined once it is no more. */
  const wills: Array<ReadonlyArray<AuditEventDraft> | undefined> = []
  const change = (left: ReadonlyArray<AuditEventDraft> | undefined) => Effect.sync(() => void wills.push(left))
  const will = (left: ReadonlyArray<AuditEventDraft>) =>
    Effect.as(
      Effect.acquireRelease(change(left), () => change(undefined)),
      { change },
    )
  const reports = AuditReports.of({ report, tell, will, wake: Effect.void, isCrowded: Effect.succeed(false) })
  return { events, wills, reports }
}

const find = (name: Parameters<typeof systemProgram>[0]) => Option.getOrThrow(systemProgram(name))

/** Runs a transfer for a client that says this and then waits. */
const run = Effect.fnUntraced(function* (
  transfer: FileTransfer,
  input: ReadonlyArray<string>,
  { events, reports }: Pick<ReturnType<typeof auditLog>, "events" | "reports">,
  mode: RecordingMode = "node",
) {
  const said: Record<"output" | "stderr" | "exit", Array<string>> = { output: [], stderr: [], exit: [] }
  const hear = (list: Array<string>, text: string) => Effect.sync(() => void list.push(text))
  const channel: SessionChannel = {
    input: Stream.concat(Stream.fromIterable(input.map((text) => Buffer.from(text))), Stream.never),
    write: (bytes) => hear(said.output, Buffer.from(bytes).toString("latin1")),
    writeStderr: (bytes) => hear(said.stderr, Buffer.from(bytes).toString()),
    resizes: Stream.empty,
    signals: Stream.empty,
    exit: (exit) => hear(said.exit, exit._tag === "Code" ? `${exit.code}` : exit.signal),
    closed: Effect.never,
  }
  const info = { ...sessionInfo({ mode, login: self.name, command: "sftp" }) }
  const login: MachineLogin = {
    transferIn: () => Option.none(),
    noSftp: "",
    program: () => Effect.dieMessage("it is no program"),
    transfer: (wanted) => startTransfer(self, wanted),
  }
  const layer = Layer.provide(FileTransfers.layer, Layer.succeed(AuditReports, reports))
  yield* Effect.provide(
    Effect.flatMap(FileTransfers, (transfers) => transfers.run({ info, login, transfer, channel, isAllowed: true })),
    layer,
  )
  const client = { output: said.output.join(""), stderr: said.stderr.join(""), exit: said.exit.join() }
  return { client, details: events.map(({ detail }) => detail) }
}, Logger.withMinimumLogLevel(LogLevel.None))

const sftp = () => FileTransfer.Sftp({ program: find("sftp-server") })
const upload = (path: string) =>
  FileTransfer.Scp({ program: find("scp"), direction: "upload", arguments: ["-t", "--", path], paths: [path] })

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mezite-files-"))),
  (made) => Effect.sync(() => rmSync(made, { recursive: true })),
)

describe("a file transfer", () => {
  it.live("ends where nobody could tell any more what it does, with a word and an event", () =>
    Effect.gen(function* () {
      const { client, details } = yield* run(sftp(), ["\0\0\0\x05\x01\0\0\0\x03", "GET / HTTP/1.1\r\n\r\n"], auditLog())
      expect(client.stderr).toBe("mezite: the transfer has ended: an SFTP packet of 1195725856 bytes is none\n")
      expect(client.exit).toBe("1")
      expect(details).toMatchObject([
        { action: "start" },
        { action: "end", reason: expect.stringContaining("is none") },
      ])
    }),
  )

  it.scopedLive("ends where its events cannot be kept, before the client learns that a file was taken", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "file")
      const said = ["C0644 5 file\n", "hello\0", "C0644 5 more\n"]
      const { client } = yield* run(upload(path), said, auditLog(1))
      expect(client).toMatchObject({
        output: "\0\0",
        stderr: "mezite: the transfer has ended: the disk is full\n",
        exit: "1",
      })
      expect(readFileSync(path, "utf8")).toBe("hello")
      const refused = yield* run(upload(path), said, auditLog(0))
      expect(refused.client).toMatchObject({ output: "", stderr: "mezite: the disk is full\n", exit: "1" })
    }),
  )

  it.scoped("does not begin in node-sync before the hub has confirmed it", () =>
    Effect.gen(function* () {
      const log = auditLog(Number.POSITIVE_INFINITY, Effect.never)
      const running = yield* Effect.fork(run(sftp(), [], log, "node-sync"))
      yield* TestClock.adjust("6 seconds")
      const { client, details } = yield* Fiber.join(running)
      expect(client.stderr).toContain("the hub does not confirm that it knows of it")
      expect(client.exit).toBe("1")
      expect(details).toMatchObject([{ action: "start" }, { reason: expect.stringContaining("does not confirm") }])
    }),
  )

  it.scoped("tells its paths in full, each to be told from the others, and those of its files", () =>
    Effect.gen(function* () {
      const { events, reports } = auditLog()
      const hidden = `${"./".repeat(1400)}etc/shadow`
      const words = ["--server", "--sender", "-re.L", ".", "a b", hidden, "c"]
      const rsync = {
        program: "/usr/bin/rsync",
        direction: "download",
        arguments: words,
        paths: words.slice(4),
      } as const
      const audit = yield* transferAudit(reports, FileTransfer.Rsync(rsync), sessionInfo(), "agent")
      yield* audit.started
      audit.tell({ action: "rename", path: hidden, to: `${hidden}.old`, result: "ok" })
      yield* audit.settled
      expect(events.map(({ detail }) => detail)).toMatchObject([
        { paths: `a\\x20b ${hidden} c`, arguments: `--server --sender -re.L . a\\x20b ${hidden} c` },
        { path: hidden, to: `${hidden}.old` },
      ])
    }),
  )

  it.scopedLive("leaves to be told what it had begun, and its end, if nobody lives to see it", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "file")
      const log = auditLog()
      const said = ["C0644 5 file\n", "he"]
      yield* Effect.fork(run(upload(path), said, log))
      yield* Effect.repeat(
        Effect.sync(() => log.wills.length),
        { until: (count) => count === 2, schedule: Schedule.spaced("5 millis") },
      )
      const end = { action: "end", direction: "upload", paths: path, reason: "the agent was lost" }
      const details = log.wills.map((left) => left?.map(({ detail }) => detail))
      expect(details).toMatchObject([[end], [{ action: "upload", path, name: "file", result: "cut off" }, end]])
      const whole = auditLog()
      yield* run(sftp(), ["GET"], whole).pipe(Effect.timeout("500 millis"), Effect.option)
      expect(whole.wills).toEqual([[expect.objectContaining({ type: "sftp" })], undefined])
    }),
  )

  it.scoped("tells what was read and written also after a thousand other things", () =>
    Effect.gen(function* () {
      const { events, reports } = auditLog()
      const audit = yield* transferAudit(reports, sftp(), sessionInfo(), "agent")
      for (let at = 0; at < 1100; at += 1) audit.tell({ action: "mkdir", path: `/${at}`, result: "ok" })
      audit.tell({ action: "download", path: "/secret", bytes: 10, result: "ok" })
      yield* audit.settled
      yield* audit.ended({ exit_code: 0 })
      expect(events.slice(1000).map(({ detail }) => detail)).toMatchObject([
        { action: "download", path: "/secret" },
        { action: "tally", of: "mkdir", count: 100 },
        { action: "end", operations: 1101 },
      ])
    }),
  )

  it.scopedLive("tells a thousand files one by one, and counts what comes after", () =>
    Effect.gen(function* () {
      const { events, reports } = auditLog()
      const audit = yield* transferAudit(reports, sftp(), sessionInfo(), "agent")
      for (let at = 0; at < 1500; at += 1) {
        audit.tell({ action: "upload", path: `/${at}`, bytes: 10, result: at % 100 === 0 ? "no space" : "ok" })
      }
      yield* audit.settled
      expect(events).toHaveLength(1000)
      yield* audit.ended({ exit_code: 0 })
      expect(events.slice(1000).map(({ detail }) => detail)).toMatchObject([
        { action: "tally", of: "upload failed", count: 5, bytes: 50 },
        { action: "tally", of: "upload", count: 495, bytes: 4950 },
        { action: "end", exit_code: 0, operations: 1500, uploaded: { files: 1500, bytes: 15_000 } },
      ])
    }),
  )
})
