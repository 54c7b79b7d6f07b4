import type { RecordingMode, RecordingModeSource } from "./RecordingMode.ts"

/** A terminal's size and type when the session began. */
export interface TerminalInfo {
  readonly cols: number
  readonly rows: number
  /** `TERM`. */
  readonly term: string
}

/** Who, where, when and how: what a recording says of its session before anything happened in it. */
export interface SessionInfo {
  readonly sessionId: string
  readonly cluster: string
  /** The Mezite user. */
  readonly user: string
  /** The account on the node. */
  readonly login: string
  readonly node: string
  readonly remoteAddress: string
  /** Unix time in milliseconds. */
  readonly startedAtMs: number
  /** Absent where the session has no PTY. */
  readonly terminal?: TerminalInfo
  /** Empty for the login shell. */
  readonly command: string
  readonly mode: RecordingMode
  readonly modeSource: RecordingModeSource
  readonly programVersion: string
  /** The OpenSSH certificate that opened the session (PROTOCOL.certkeys blob); empty where there was none. */
  readonly userCertificate: Uint8Array
  /** Whether what its processes run, open and connect to is recorded too, when it begins. */
  readonly enhanced: boolean
}
