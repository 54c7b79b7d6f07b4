/**
 * Reads things out of bytes that come in pieces: give it a piece with `push`, call `next` until it returns undefined, and
 * after the last piece call `end`. `next` and `end` throw a `RecordingError` once, after all that was good; nothing can be
 * read after that. What is returned may hold views into the pieces: a piece must not be overwritten while they are in use.
 */
export interface PullParser<A> {
  readonly push: (piece: Uint8Array) => void
  readonly next: () => A | undefined
  readonly end: () => void
}
