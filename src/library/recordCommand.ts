import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { Clock, Effect, Option } from "effect"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { version } from "../domain/version.ts"
import type { RecordingEnd } from "../recording/End.ts"
import * as FileSink from "../session/FileSink.ts"
import type { RecordingLost } from "../session/RecordingSink.ts"
import * as Session from "../session/Session.ts"
import type { SessionClient } from "../session/SessionClient.ts"
import type { TerminalError } from "../session/TerminalError.ts"
import { currentUser, LocalTerminal, type LocalTerminalOptions, usualSize, usualTerm } from "./LocalTerminal.ts"
import { nobody } from "./nobody.ts"

/** What to record, and where. */
export interface RecordCommandOptions extends LocalTerminalOptions {
  /** The recording: a new file, 0600; one that exists is never written over. */
  readonly file: string
  /** Who types and looks; nobody unless told. */
  readonly client?: SessionClient
  /** Records what is typed while the terminal does not echo, such as passwords; false unless told. */
  readonly recordSecrets?: boolean
}

const windowBytes = 256 * 1024

const describe = (options: RecordCommandOptions, username: string, startedAtMs: number): SessionInfo => ({
  sessionId: randomUUID(),
  cluster: "local",
  user: username,
  login: username,
  node: hostname(),
  remoteAddress: "",
  startedAtMs,
  terminal: { ...(options.size ?? usualSize), term: options.term ?? usualTerm },
  command: options.command ?? "",
  mode: "node",
  modeSource: "default",
  programVersion: version,
  userCertificate: new Uint8Array(0),
  enhanced: false,
})

/**
 * Runs a command on a terminal of this machine and records it. Succeeds with how it ended, whatever its exit status, once
 * the recording is whole and durable. Where the file cannot be written the command is ended, and this fails.
 */
export const recordCommand: (
  options: RecordCommandOptions,
) => Effect.Effect<RecordingEnd, RecordingLost | TerminalError> = Effect.fn("recordCommand")(function* (options) {
  const info = describe(options, (yield* currentUser).username, yield* Clock.currentTimeMillis)
  const local = yield* FileSink.make({ path: options.file, info, syncEvery: "1 second" })
  return yield* Session.run({
    info,
    terminal: LocalTerminal.open(options),
    client: options.client ?? nobody,
    local,
    remote: Option.none(),
    windowBytes,
    recordSecrets: options.recordSecrets ?? false,
    observation: Option.none(),
  })
}, Effect.scoped)
