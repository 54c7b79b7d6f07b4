import { writeSync } from "node:fs"

/** Milliseconds; between attempts at a terminal whose program does not read. */
const shortestWait = 1
const longestWait = 16

interface Pending {
  readonly bytes: Uint8Array
  written: number
  readonly taken: () => void
}

const isFull = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EAGAIN"

/**
 * Types into a PTY, in order, as fast as its program reads. It writes itself: libuv cannot reopen a master, and so would block
 * the whole event loop while the program does not read, and for ever where that waits for its output to be read.
 */
export class PtyWriter {
  readonly #descriptor: number
  readonly #queue: Array<Pending> = []
  #timer: NodeJS.Timeout | undefined
  #wait = shortestWait
  #closed = false

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Calls back once the kernel has taken the bytes, or nobody wants them any more. */
  write(bytes: Uint8Array, taken: () => void): void {
    this.#queue.push({ bytes, written: 0, taken })
    if (this.#closed) this.#dropAll()
    else if (this.#queue.length === 1) this.#pump()
  }

  /** The program has ended: what was not taken is dropped. The descriptor is not touched any more. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#dropAll()
  }

  #pump(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      while (first.written < first.bytes.length) {
        const count = this.#attempt(first)
        if (count === undefined) return
        first.written += count
      }
      this.#queue.shift()
      first.taken()
    }
  }

  /** None where it must wait, or has been closed. */
  #attempt({ bytes, written }: Pending): number | undefined {
    try {
      const count = writeSync(this.#descriptor, bytes, written)
      this.#wait = shortestWait
      return count
    } catch (error) {
      if (isFull(error)) this.#retryLater()
      else this.close()
      return undefined
    }
  }

  #retryLater(): void {
    this.#timer = setTimeout(() => this.#pump(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, longestWait)
  }

  #dropAll(): void {
    for (const { taken } of this.#queue.splice(0)) taken()
  }
}
