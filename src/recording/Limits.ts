/** What a reader accepts and a writer stays under; checked before anything is allocated. Bytes, unless said otherwise. */
export const Limits = {
  /** A frame's payload, in clear and uncompressed. */
  payload: 1024 * 1024,
  /** What a frame entry may have beside its payload: tags, lengths, numbers, an authentication tag. */
  frameOverhead: 256,
  /** A header entry. */
  header: 1024 * 1024,
  /** An End entry with its seek points and keyframes. */
  end: 16 * 1024 * 1024,
  /** Fields in an End or a Header, each seek point and keyframe being one. */
  fields: 16_384,
  /** Seek points that a writer keeps. */
  seekPoints: 2048,
  /** Bytes that a writer leaves without a seal. */
  unsealedBytes: 64 * 1024,
  /** Milliseconds that a writer leaves written bytes without a seal. */
  unsealedMillis: 10_000,
} as const

/** What a writer puts into frames of enhanced recording, in bytes. */
export const EventLimits = {
  /** A payload with several events; one frame of it fits into the smallest window of a session. */
  payload: 32 * 1024 - 64,
  /** The end of a program's or a directory's path. */
  path: 6 * 1024,
  /** A command's arguments in one event; more follow in others. */
  arguments: 12 * 1024,
  /** All arguments of a command: Linux takes no more, unless its stack was made larger. */
  allArguments: 2 * 1024 * 1024,
} as const
