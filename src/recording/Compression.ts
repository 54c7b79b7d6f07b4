import { deflateRawSync, inflateRawSync } from "node:zlib"
import { RecordingError } from "./RecordingError.ts"
import type { WireFrame } from "./WireFrame.ts"

/** Below this, DEFLATE costs more than it saves. */
const WORTHWHILE_BYTES = 256

/**
 * The frame with its payload compressed (raw DEFLATE, level 1, each frame on its own), or the same frame where that does
 * not pay: under 256 bytes, or no smaller afterwards. For a recording whose header names the codec.
 */
export const compressFrame = (frame: WireFrame): WireFrame => {
  if (frame.compressed || frame.payload.length < WORTHWHILE_BYTES) return frame
  const packed = deflateRawSync(frame.payload, { level: 1 })
  return packed.length < frame.payload.length ? { ...frame, payload: packed, compressed: true } : frame
}

/**
 * A compressed payload's bytes. Never allocates much over `size`, which must be within `Limits.payload`; throws `Corrupt`
 * where the payload unpacks to anything but exactly `size` bytes, or goes on after its end.
 */
export const inflatePayload = (payload: Uint8Array, size: number, offset: number): Uint8Array => {
  const fail = () => RecordingError.at(offset, "Corrupt", `a compressed payload does not unpack to its ${size} bytes`)
  if (size === 0) throw fail()
  // With `info`, Node gives the buffer and the engine, which the type declarations do not know.
  let result: { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } }
  try {
    result = inflateRawSync(payload, {
      maxOutputLength: size,
      chunkSize: Math.max(64, size),
      info: true,
    }) as unknown as typeof result
  } catch {
    throw fail()
  }
  if (result.buffer.length !== size || result.engine.bytesWritten !== payload.length) throw fail()
  return result.buffer
}
