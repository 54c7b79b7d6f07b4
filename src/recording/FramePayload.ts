import { create, fromBinary, toBinary } from "@bufbuild/protobuf"
import { GapSchema, ResizeSchema } from "./gen/mezite/recording/v1/recording_pb.ts"
import { safeNumber } from "./internal/Message.ts"
import { RecordingError } from "./RecordingError.ts"

/** What a `resize` frame holds: the terminal's new size in characters. */
export interface Resize {
  readonly cols: number
  readonly rows: number
}

/** What a `gap` frame holds: something is missing here. */
export interface Gap {
  readonly reason: string
  /** How many frames were lost; 0 where that is not known. */
  readonly frames: number
  /** How many bytes were lost; 0 where that is not known. */
  readonly bytes: number
  /** How many events of enhanced recording were lost; 0 where that is not known. */
  readonly events: number
}

/** The payload of a `resize` frame. */
export const encodeResize = (resize: Resize): Uint8Array => toBinary(ResizeSchema, create(ResizeSchema, resize))

/** The payload of a `gap` frame. */
export const encodeGap = ({ reason, frames, bytes, events }: Gap): Uint8Array =>
  toBinary(
    GapSchema,
    create(GapSchema, { reason, frames: BigInt(frames), bytes: BigInt(bytes), events: BigInt(events) }),
  )

const parse = <A>(what: string, read: () => A): A => {
  try {
    return read()
  } catch {
    throw RecordingError.at(0, "Corrupt", `the payload of a ${what} frame cannot be read`)
  }
}

/** Reads the payload of a `resize` frame; throws `Corrupt`. Sizes are what the recorder was told, however odd. */
export const decodeResize = (payload: Uint8Array): Resize =>
  parse("resize", () => {
    const { cols, rows } = fromBinary(ResizeSchema, payload, { readUnknownFields: false })
    return { cols, rows }
  })

/** Reads the payload of a `gap` frame; throws `Corrupt`. */
export const decodeGap = (payload: Uint8Array): Gap =>
  parse("gap", () => {
    const { reason, frames, bytes, events } = fromBinary(GapSchema, payload, { readUnknownFields: false })
    return { reason, frames: safeNumber(frames), bytes: safeNumber(bytes), events: safeNumber(events) }
  })
