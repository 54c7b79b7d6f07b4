import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Option } from "effect"
import { EnhancedRecording } from "../../../../src/agent/enhanced/EnhancedRecording.ts"
import { ProbeKeeper } from "../../../../src/agent/enhanced/ProbeKeeper.ts"
import type { LoginUser } from "../../../../src/agent/terminal/LoginUser.ts"
import { Pipes } from "../../../../src/agent/terminal/Pipes.ts"
import type { AuditEventDraft } from "../../../../src/domain/AuditEvent.ts"
import type { CommandEvent } from "../../../../src/domain/CommandEvent.ts"
import type { ConnectionEvent } from "../../../../src/domain/ConnectionEvent.ts"
import type { FileEvent } from "../../../../src/domain/FileEvent.ts"
import { FrameKind } from "../../../../src/domain/Frame.ts"
import type { RecordingMode } from "../../../../src/domain/RecordingMode.ts"
import { nobody } from "../../../../src/library/nobody.ts"
import { AuditReports } from "../../../../src/node/audit/AuditReports.ts"
import {
  CommandJoiner,
  decodeCommands,
  decodeConnections,
  decodeFiles,
  decodeGap,
  type Gap,
  RecordingReader,
} from "../../../../src/recording/index.ts"
import * as FileSink from "../../../../src/session/FileSink.ts"
import * as Session from "../../../../src/session/Session.ts"
import { probe } from "../../../support/builtProbe.ts"
import { framesOf, parseAll, sessionInfo } from "../../../support/recordings.ts"
import { optionsFor, self } from "../../terminal/session.ts"

/** All that a recording holds of what its session's processes did. */
export interface Recorded {
  readonly commands: ReadonlyArray<CommandEvent>
  readonly files: ReadonlyArray<FileEvent>
  readonly connections: ReadonlyArray<ConnectionEvent>
  readonly gaps: ReadonlyArray<Gap>
  readonly output: string
  readonly exitCode: number | undefined
}

/** What the audit log was told. */
export const told: Array<AuditEventDraft> = []

const reports = Layer.succeed(AuditReports, {
  report: () => Effect.dieMessage("nothing is reported so"),
  tell: (event) => Effect.sync(() => void told.push(event)),
  will: () => Effect.succeed({ change: () => Effect.void }),
  isCrowded: Effect.succeed(false),
  wake: Effect.void,
})

/** Enhanced recording as an agent has it, with a probe that runs; what it tells the audit log is in `told`. */
export const enhancedRecording = Layer.unwrapScoped(
  Effect.map(ProbeKeeper.start({ program: probe, required: true }), (keeper) =>
    Layer.provide(EnhancedRecording.layer(Option.some(keeper)), reports),
  ),
)

const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mezite-watched-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
)

/** Reads a recording's events. */
export const readRecorded = (bytes: Uint8Array): Recorded => {
  const { items, error } = parseAll(new RecordingReader(), [bytes])
  if (error !== undefined) throw error
  const frames = framesOf(items)
  const payloads = (kind: number) => frames.filter((frame) => frame.kind === kind).map(({ payload }) => payload)
  const joiner = new CommandJoiner()
  const commands = payloads(FrameKind.Exec)
    .flatMap(decodeCommands)
    .flatMap((part) => joiner.add(part))
  const end = items.at(-1)
  return {
    commands: [...commands, ...joiner.end()],
    files: payloads(FrameKind.File).flatMap(decodeFiles),
    connections: payloads(FrameKind.Network).flatMap(decodeConnections),
    gaps: payloads(FrameKind.Gap).map(decodeGap),
    output: Buffer.concat(payloads(FrameKind.Output)).toString("latin1"),
    exitCode: end?._tag === "End" && end.end.exit?._tag === "Code" ? end.end.exit.code : undefined,
  }
}

export interface WatchedOptions {
  readonly user?: LoginUser
  readonly mode?: RecordingMode
  readonly sessionId?: string
}

/** Runs a command line of sh(1) in a session of its own, watched and recorded to a file, and reads that. */
export const watched = (command: string, options: WatchedOptions = {}) =>
  Effect.gen(function* () {
    const enhanced = yield* EnhancedRecording
    const directory = yield* temporaryDirectory
    const path = join(directory, "session.rec")
    const { mode = "node", sessionId = sessionInfo.sessionId } = options
    const info = { ...sessionInfo, mode, sessionId, enhanced: true }
    const local = yield* FileSink.make({ path, info, syncEvery: "1 second" })
    const session = yield* enhanced.watch(info)
    const program = {
      ...optionsFor(options.user ?? { ...self, shell: "/bin/sh" }, command),
      gate: Option.some(session.gate),
    }
    yield* Session.run({
      info,
      terminal: Pipes.open(program),
      client: nobody,
      local,
      remote: Option.none(),
      windowBytes: 64 * 1024,
      recordSecrets: false,
      observation: Option.some(session.observation),
    })
    return readRecorded(readFileSync(path))
  }).pipe(Effect.scoped)

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

/** A recording's commands as a shell would have them: the program's path, and its arguments from the first on. */
export const commandLines = ({ commands }: Recorded): ReadonlyArray<string> =>
  commands.flatMap((event) =>
    event._tag === "Started"
      ? [`${text(event.program)}: ${text(event.arguments).replace(/\0$/, "").replaceAll("\0", " ")}`]
      : [],
  )

/** The paths of files that were opened. */
export const openedPaths = ({ files }: Recorded): ReadonlyArray<string> =>
  files.flatMap(({ path, error }) => (error === 0 ? [text(path)] : []))
