import { createPrivateKey } from "node:crypto"
import { Option } from "effect"
import { type Frame, FrameKind } from "../../src/domain/Frame.ts"
import {
  encodeEndEntry,
  encodeFrameEntry,
  encodeGap,
  encodeHeaderEntry,
  encodeResize,
  type Keyframe,
  KeyShare,
  MAGIC,
  RecordingWriter,
  type RecordingWriterOptions,
  type WireFrame,
  wireFrame,
} from "../../src/recording/index.ts"
import { concat, masterKey, sessionEnd, sessionInfo, signer, text } from "./recordings.ts"

const listing = Array.from({ length: 40 }, (_, index) => `line ${index + 1} of the listing\r\n`).join("")

/** `listing`, compressed once and for all: another zlib may do it in other bytes. */
const compressedListing = Buffer.from(
  "dc+xDcJAFETBHMk9XAnsrsFQkIGTTiaw+5dFzH/pZDP6tja176sdn7WNvh99e0+X8WPXnJrnmm8132tean7U/KxZV3B4CqKCqaAquAqygq2gK/gavoav4Wv4Gr6Gr+Fr+Bq+hm/gG/gGvoFv4Bv4Br6Bb+Ab+M7/3xM=",
  "base64",
)

const frame = (seq: number, timeMs: number, kind: FrameKind, payload: Uint8Array): Frame => ({
  seq,
  timeMs,
  kind,
  payload,
  masked: false,
  size: payload.length,
})

/** The share of the key of `split.rec`. */
export const goldenShare = Option.getOrThrow(KeyShare.fromHex("06".repeat(32)))

/** The key that `spooled.rec` was written with; a node makes one for each recording, and forgets it. */
const goldenEphemeral = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), Buffer.alloc(32, 4)]),
  format: "der",
  type: "pkcs8",
})

/** What the golden recordings hold, in clear. */
export const goldenFrames: ReadonlyArray<Frame> = [
  frame(1, 0, FrameKind.Output, text("web-1 # ")),
  frame(2, 1_250, FrameKind.Input, text("cat listing\r")),
  frame(3, 1_260, FrameKind.Output, text("cat listing\r\n")),
  frame(4, 1_300, FrameKind.Output, text(listing)),
  frame(5, 4_000, FrameKind.Resize, encodeResize({ cols: 120, rows: 40 })),
  { ...frame(6, 11_500, FrameKind.Input, new Uint8Array(0)), masked: true, size: 8 },
  frame(7, 12_000, FrameKind.Marker, text("deploy begins")),
  frame(8, 12_100, FrameKind.Signal, text("INT")),
  frame(9, 12_300, FrameKind.Output, text("grün ✓\r\n")),
]

const stored = (clear: Frame): WireFrame =>
  clear.seq === 4 ? { ...clear, payload: compressedListing, compressed: true } : wireFrame(clear)

const encrypted = { key: masterKey, salt: Buffer.alloc(32, 5) }

const whole = (options: Partial<RecordingWriterOptions> = {}): Uint8Array => {
  const writer = RecordingWriter.begin({ info: sessionInfo, signer, ...options })
  const keyframes: Array<Keyframe> = []
  for (const clear of goldenFrames) {
    const { seq, timeMs } = clear
    if (seq === 5) keyframes.push({ seq, timeMs, offset: writer.offset, cols: 80, rows: 24, screen: text(listing) })
    writer.append(stored(clear), timeMs)
  }
  writer.finish(sessionEnd, { keyframes })
  return concat(writer.take())
}

/** As a node spools it: no seals, and encrypted for the owner of the master key. */
const spooled = (): Uint8Array => {
  const { encryption, cipher } = masterKey.recipientKey.address(sessionInfo.sessionId, goldenEphemeral)
  const reason = "the disk is full"
  const gap = encodeGap({ reason, frames: 2, bytes: 30, events: 0 })
  const frames = [...goldenFrames.map(stored), wireFrame(frame(10, 12_310, FrameKind.Gap, gap))]
  const end = { ...sessionEnd, status: "truncated", reason, frames: 10, outputBytes: 983, inputBytes: 20 } as const
  return concat([
    MAGIC,
    encodeHeaderEntry({ info: sessionInfo, deflate: true, encryption }),
    ...frames.map((clear) => encodeFrameEntry(cipher.encrypt(clear))),
    encodeEndEntry({ ...end, framesDigest: new Uint8Array(0), seekPoints: [], keyframes: [] }),
  ])
}

const withGap = (): Uint8Array => {
  const writer = RecordingWriter.begin({ info: sessionInfo, signer })
  const reason = "the spool of web-1 was lost"
  writer.append(wireFrame(frame(1, 0, FrameKind.Output, text("web-1 # "))), 0)
  writer.append(wireFrame(frame(2, 900, FrameKind.Gap, encodeGap({ reason, frames: 17, bytes: 4096, events: 0 }))), 900)
  writer.append(wireFrame(frame(3, 5_000, FrameKind.Output, text("back\r\n"))), 5_000)
  writer.finish({ durationMs: 5_100, status: "truncated", reason })
  return concat(writer.take())
}

const changed = (bytes: Uint8Array, marker: string, change: (bytes: Uint8Array, at: number) => void): Uint8Array => {
  const copy = bytes.slice()
  const at = Buffer.from(copy).indexOf(marker)
  if (at < 0) throw new Error(`the golden recording does not hold ${marker}`)
  change(copy, at)
  return copy
}

/** Every golden recording by its file name. */
export const goldenRecordings = (): ReadonlyMap<string, Uint8Array> => {
  const plain = whole()
  const marker = "deploy begins"
  const breakEntry = (bytes: Uint8Array, at: number) => {
    // The sixteen bytes before the payload hold the tag and length of its entry.
    bytes.fill(0, at - 16, at)
  }
  return new Map([
    ["plain.rec", plain],
    ["encrypted.rec", whole(encrypted)],
    ["split.rec", whole({ ...encrypted, share: goldenShare })],
    ["spooled.rec", spooled()],
    ["gap.rec", withGap()],
    ["truncated.rec", plain.subarray(0, Buffer.from(plain).indexOf(marker) + 4)],
    ["corrupt.rec", changed(plain, marker, breakEntry)],
    ["tampered.rec", changed(plain, marker, (bytes, at) => bytes.fill(0x44, at, at + 1))],
  ])
}
