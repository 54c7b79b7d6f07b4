import type { SeekPoint } from "./End.ts"
import { Limits } from "./Limits.ts"

/** Bytes between two seek points to begin with: what a reader passes over in a millisecond or two. */
const FIRST_INTERVAL = 32 * 1024

/**
 * Collects where reading can begin. Points are a number of bytes apart, so that a jump costs the same anywhere; when
 * there are too many, every other one goes and the distance doubles. The same frames always give the same table.
 */
export class SeekTable {
  #points: Array<SeekPoint> = []
  #interval = FIRST_INTERVAL
  #next = 0

  /** In the order of the file; at most `Limits.seekPoints`. */
  get points(): ReadonlyArray<SeekPoint> {
    return this.#points
  }

  /** To be told of every frame, in order. */
  add(point: SeekPoint): void {
    if (point.offset < this.#next) return
    if (this.#points.length === Limits.seekPoints) {
      this.#points = this.#points.filter((_, index) => index % 2 === 0)
      this.#interval *= 2
      const last = this.#points.at(-1)
      if (last !== undefined && point.offset < last.offset + this.#interval) {
        this.#next = last.offset + this.#interval
        return
      }
    }
    this.#points.push(point)
    this.#next = point.offset + this.#interval
  }
}
