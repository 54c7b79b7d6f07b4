import type { Duplex } from "node:stream"

/** Bytes that may wait in the transport before channels are held back. */
const fullBytes = 1024 * 1024

/**
 * Holds writers back while a transport has too much to send. ssh2 writes to its transport whatever the SSH windows allow
 * and heeds no backpressure: a peer that grants windows without reading would fill the memory.
 */
export class TransportGate {
  readonly #transport: Duplex
  #waiting: Array<() => void> = []

  constructor(transport: Duplex) {
    this.#transport = transport
    const release = (): void => {
      const waiting = this.#waiting
      this.#waiting = []
      for (const resume of waiting) resume()
    }
    transport.on("drain", release).on("close", release)
  }

  /** Calls `resume` now, or as soon as the transport has drained or closed. */
  whenReady(resume: () => void): void {
    // One that takes more than `fullBytes` before it is full tells of no drain until it was full: a channel of another connection does.
    const { writableLength, writableNeedDrain, destroyed } = this.#transport
    if (writableLength < fullBytes || !writableNeedDrain || destroyed) resume()
    else this.#waiting.push(resume)
  }
}
