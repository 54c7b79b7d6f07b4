import { createPrivateKey } from "node:crypto"
import { Either, FastCheck } from "effect"
import { type Frame, FrameKind } from "../../src/domain/Frame.ts"
import type { SessionEnd } from "../../src/domain/SessionEnd.ts"
import type { SessionInfo } from "../../src/domain/SessionInfo.ts"
import {
  compressFrame,
  type FinishOptions,
  MasterKey,
  type PullParser,
  RecordingError,
  type RecordingEvent,
  RecordingReader,
  type RecordingReaderOptions,
  RecordingWriter,
  type RecordingWriterOptions,
  SigningKey,
  wireFrame,
} from "../../src/recording/index.ts"

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex")

/** The signing key whose seed is this byte, 32 times. */
export const signerOf = (seed: number): SigningKey =>
  Either.getOrThrow(
    SigningKey.fromKeyObject(
      createPrivateKey({
        key: Buffer.concat([PKCS8_ED25519, Buffer.alloc(32, seed)]),
        format: "der",
        type: "pkcs8",
      }),
    ),
  )

/** The master key of this byte, 32 times. */
export const masterKeyOf = (seed: number): MasterKey =>
  Either.getOrThrow(MasterKey.fromHex(Buffer.alloc(32, seed).toString("hex")))

export const signer = signerOf(7)
export const masterKey = masterKeyOf(9)

export const sessionInfo: SessionInfo = {
  sessionId: "6f1f7d3e-0c55-4b0e-9d62-8f7a5f6f2a10",
  cluster: "mezite",
  user: "alice",
  login: "root",
  node: "web-1",
  remoteAddress: "192.0.2.7:50022",
  startedAtMs: 1_760_000_000_000,
  terminal: { cols: 80, rows: 24, term: "xterm-256color" },
  command: "",
  mode: "node-sync",
  modeSource: "cluster",
  programVersion: "0.1.0",
  userCertificate: new Uint8Array(0),
  enhanced: false,
}

export const sessionEnd: SessionEnd = {
  durationMs: 12_345,
  exit: { _tag: "Code", code: 0 },
  status: "completed",
  reason: "",
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A frame of output. */
export const outputFrame = (seq: number, payload: Uint8Array, timeMs = seq * 10): Frame => ({
  seq,
  timeMs,
  kind: FrameKind.Output,
  payload,
  masked: false,
  size: payload.length,
})

export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

export interface WriteOptions extends Partial<RecordingWriterOptions>, FinishOptions {
  readonly compress?: boolean
  readonly end?: SessionEnd
}

/** A whole recording of these frames; the writer's clock is the frames' times. */
export const writeRecording = (frames: ReadonlyArray<Frame>, options: WriteOptions = {}): Uint8Array => {
  const { compress, end, framesDigest, keyframes, ...begin } = options
  const writer = RecordingWriter.begin({ info: sessionInfo, ...begin })
  for (const frame of frames) {
    writer.append(compress === true ? compressFrame(wireFrame(frame)) : wireFrame(frame), frame.timeMs)
  }
  writer.finish(end ?? sessionEnd, {
    ...(keyframes === undefined ? {} : { keyframes }),
    ...(framesDigest === undefined ? {} : { framesDigest }),
  })
  return concat(writer.take())
}

/** Everything a parser gives, and what was wrong; any other error is thrown on. */
export const parseAll = <A>(
  parser: PullParser<A>,
  pieces: Iterable<Uint8Array>,
): { readonly items: ReadonlyArray<A>; readonly error: RecordingError | undefined } => {
  const items: Array<A> = []
  try {
    for (const piece of pieces) {
      parser.push(piece)
      for (let item = parser.next(); item !== undefined; item = parser.next()) items.push(item)
    }
    parser.end()
    return { items, error: undefined }
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error
    return { items, error }
  }
}

export const readAll = (bytes: Uint8Array, options: RecordingReaderOptions = {}) =>
  parseAll(new RecordingReader(options), [bytes])

/** The frames among events, their payloads copied into plain arrays so that they compare by value. */
export const framesOf = (events: ReadonlyArray<RecordingEvent>): ReadonlyArray<Frame> =>
  events.flatMap((event) =>
    event._tag === "Frame" ? [{ ...event.frame, payload: new Uint8Array(event.frame.payload) }] : [],
  )

/** Cuts `bytes` at these places, wherever they fall within it. */
export const pieces = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length))
}

const bytesArbitrary = FastCheck.oneof(
  { weight: 4, arbitrary: FastCheck.uint8Array({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: FastCheck.tuple(FastCheck.uint8Array({ minLength: 1, maxLength: 40 }), FastCheck.nat(200)).map(
      ([unit, times]) => concat(Array.from({ length: times }, () => unit)),
    ),
  },
)

const kindArbitrary = FastCheck.constantFrom(...Object.values(FrameKind))

/** Frames as a session gives them: numbered from 1, times that never decrease, some masked. */
export const framesArbitrary: FastCheck.Arbitrary<ReadonlyArray<Frame>> = FastCheck.array(
  FastCheck.record({
    kind: kindArbitrary,
    wait: FastCheck.oneof(FastCheck.nat(100), FastCheck.nat(20_000)),
    bytes: bytesArbitrary,
    masked: FastCheck.boolean(),
  }),
  { maxLength: 40 },
).map((moments) => {
  let timeMs = 0
  return moments.map(({ kind, wait, bytes, masked }, index) => {
    timeMs += wait
    const withheld = masked && kind === FrameKind.Input
    const payload = withheld ? new Uint8Array(0) : bytes
    return { seq: index + 1, timeMs, kind, payload, masked: withheld, size: bytes.length }
  })
})
