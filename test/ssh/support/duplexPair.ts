import { Duplex } from "node:stream"

class End extends Duplex {
  other: End | undefined = undefined
  #wanted: (() => void) | undefined

  override _read(): void {
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // ssh2 does not bear to be called back by the peer while it still writes.
    setImmediate(() => this.other?.deliver(chunk, done))
  }

  override _final(done: (error?: Error | null) => void): void {
    setImmediate(() => {
      this.other?.push(null)
      done()
    })
  }

  deliver(chunk: Buffer, done: () => void): void {
    if (chunk.length === 0 || this.destroyed || this.push(chunk)) done()
    else this.#wanted = done
  }
}

/** Two ends of a connection in memory, with backpressure; neither knows an address. */
export const duplexPair = (): readonly [Duplex, Duplex] => {
  const one = new End({ allowHalfOpen: true })
  const two = new End({ allowHalfOpen: true })
  one.other = two
  two.other = one
  return [one as Duplex, two as Duplex]
}
