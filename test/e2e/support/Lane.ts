import type { Socket } from "node:net"

/** How often a lane that is throttled passes a piece. */
const tickMs = 20

/** One direction of a connection: what comes from one socket goes to the other, unless it is told otherwise. */
export class Lane {
  readonly #from: Socket
  readonly #to: Socket
  #stalled = false
  #bytesPerSecond = Number.POSITIVE_INFINITY
  #untilCut = Number.POSITIVE_INFINITY
  #waiting: Array<Buffer> = []
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    from.setNoDelay(true)
    from.on("error", () => from.destroy())
    from.on("data", (bytes: Buffer) => {
      this.#waiting.push(bytes)
      this.#go()
    })
    to.on("drain", () => this.#go())
    from.on("close", () => {
      this.#closed = true
      this.#go()
    })
  }

  /** Nothing passes any more, and neither side is told, not even that the other is gone. */
  stall(): void {
    this.#stalled = true
    this.#from.pause()
  }

  /** What stood still goes on. */
  thaw(): void {
    this.#stalled = false
    this.#go()
  }

  /** So many bytes pass in a second, from now on. */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
    this.#go()
  }

  /** Both sides are cut once so many more bytes have passed, wherever in a message that is. */
  cutAfter(bytes: number): void {
    this.#untilCut = bytes
  }

  #go(): void {
    if (this.#stalled || this.#timer !== undefined) return
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      const now = bytes.subarray(0, Math.ceil((this.#bytesPerSecond * tickMs) / 1000))
      if (now.length < bytes.length) this.#waiting.unshift(bytes.subarray(now.length))
      const taken = this.#pass(now)
      if (Number.isFinite(this.#bytesPerSecond)) {
        this.#pauseForTick()
        return
      }
      if (!taken) {
        this.#from.pause()
        return
      }
    }
    if (this.#closed) this.#to.destroySoon()
    else this.#from.resume()
  }

  #pauseForTick(): void {
    this.#from.pause()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#go()
    }, tickMs)
  }

  /** Whether the other side takes more. */
  #pass(bytes: Buffer): boolean {
    if (bytes.length < this.#untilCut) {
      this.#untilCut -= bytes.length
      return this.#to.write(bytes)
    }
    this.#to.write(bytes.subarray(0, this.#untilCut))
    this.#waiting = []
    this.#to.destroySoon()
    this.#from.destroy()
    return false
  }
}
