import { Schema } from "effect"
import { SessionId } from "../domain/Identifiers.ts"
import type { RecordingMode, RecordingModeSource } from "../domain/RecordingMode.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { decodeEncryption, type Encryption, encodeEncryption } from "./Encryption.ts"
import { encodeEntry } from "./Entry.ts"
import { Codec, type Header, HeaderSchema, Mode, ModeSource } from "./gen/mezite/recording/v1/recording_pb.ts"
import { converting, readMessage, safeNumber, writeMessage } from "./internal/Message.ts"
import { Limits } from "./Limits.ts"
import { RecordingError } from "./RecordingError.ts"

/** The version of the format that this program reads and writes. */
export const FORMAT_VERSION = 1

/** What a recording begins with. */
export interface RecordingHeader {
  readonly info: SessionInfo
  /** Whether frames may be compressed with raw DEFLATE. */
  readonly deflate: boolean
  /** Absent where payloads are in clear. */
  readonly encryption?: Encryption
}

const modes: Record<RecordingMode, Mode> = { "node-sync": Mode.NODE_SYNC, node: Mode.NODE, off: Mode.OFF }
const sources: Record<RecordingModeSource, ModeSource> = {
  env: ModeSource.ENV,
  cluster: ModeSource.CLUSTER,
  cached: ModeSource.CACHED,
  default: ModeSource.DEFAULT,
}

const nameOf = <A extends string, N>(names: Record<A, N>, value: N): A | undefined =>
  (Object.keys(names) as A[]).find((name) => names[name] === value)

const isSessionId = Schema.is(SessionId)

/** The Header's entry. Throws `TooLarge` over 1 MiB, `Corrupt` for values that it can't hold. */
export const encodeHeaderEntry = ({ info, deflate, encryption }: RecordingHeader): Uint8Array => {
  const { startedAtMs, mode, modeSource, terminal, ...rest } = info
  const values = () => ({
    ...rest,
    formatVersion: FORMAT_VERSION,
    startedAtMs: BigInt(startedAtMs),
    mode: modes[mode],
    modeSource: sources[modeSource],
    codec: deflate ? Codec.DEFLATE : Codec.UNSPECIFIED,
    ...(terminal === undefined ? {} : { terminal: { ...terminal } }),
    ...(encryption === undefined ? {} : { encryption: encodeEncryption(encryption) }),
  })
  return encodeEntry("header", writeMessage(HeaderSchema, values, Limits.header))
}

/** Reads a Header; throws `UnsupportedVersion` or `Corrupt`. */
export const decodeHeader = (body: Uint8Array, offset: number): RecordingHeader => {
  const header = readMessage(HeaderSchema, body, offset)
  const unsupported = (what: string) => RecordingError.at(offset, "UnsupportedVersion", what)
  if (header.formatVersion !== FORMAT_VERSION) throw unsupported(`a recording of format ${header.formatVersion}`)
  if (header.codec > Codec.DEFLATE) throw unsupported("its frames are compressed in an unknown way")
  if (!isSessionId(header.sessionId)) throw RecordingError.at(offset, "Corrupt", "the session id is not a UUID")
  const encryption = decodeEncryption(header.encryption, offset)
  return {
    info: converting(offset, () => infoOf(header, offset)),
    deflate: header.codec === Codec.DEFLATE,
    ...(encryption === undefined ? {} : { encryption }),
  }
}

const infoOf = (header: Header, offset: number): SessionInfo => {
  const mode = nameOf(modes, header.mode)
  const modeSource = nameOf(sources, header.modeSource)
  if (mode === undefined || modeSource === undefined) {
    throw RecordingError.at(offset, "Corrupt", "the header does not tell the recording's mode and why it was chosen")
  }
  return {
    sessionId: header.sessionId,
    cluster: header.cluster,
    user: header.user,
    login: header.login,
    node: header.node,
    remoteAddress: header.remoteAddress,
    startedAtMs: safeNumber(header.startedAtMs),
    command: header.command,
    mode,
    modeSource,
    programVersion: header.programVersion,
    userCertificate: header.userCertificate.slice(),
    enhanced: header.enhanced,
    ...(header.terminal === undefined
      ? {}
      : { terminal: { cols: header.terminal.cols, rows: header.terminal.rows, term: header.terminal.term } }),
  }
}
