/** No frame of a session bears more bytes: two of them fit, with all that they cost, into the smallest window. */
const longestPayload = 32 * 1024 - 64

/** In pieces that each fit into a frame. */
export const pieces = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  bytes.length > 0 && bytes.length <= longestPayload
    ? [bytes]
    : Array.from({ length: Math.ceil(bytes.length / longestPayload) }, (_, index) =>
        bytes.subarray(index * longestPayload, (index + 1) * longestPayload),
      )
