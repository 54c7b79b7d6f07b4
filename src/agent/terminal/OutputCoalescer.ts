import type { TerminalOutput } from "../../session/Terminal.ts"

/** When a batch is handed on. Bytes and milliseconds. */
interface CoalescerLimits {
  /** A batch this long is handed on at once. */
  readonly batchBytes: number
  /** With this much waiting, the source is to pause. */
  readonly heldBytes: number
  /** What comes after so long a silence is handed on at once: an echo is not to wait. */
  readonly idleMs: number
  /** No byte for which somebody waits is kept longer than this for company. */
  readonly delayMs: number
}

const usual: CoalescerLimits = { batchBytes: 32 * 1024, heldBytes: 64 * 1024, idleMs: 4, delayMs: 1 }

/**
 * Gathers a program's small writes into batches, in the order in which they came, across both streams: a PTY gives at
 * most 4 KiB at a time, and every batch costs a frame, a packet and an encryption. `push` copies, so the caller may reuse
 * its buffer. Never more than `heldBytes` and one push are held, if the caller heeds what `push` returns.
 */
export class OutputCoalescer {
  readonly #limits: CoalescerLimits
  readonly #onReady: () => void
  readonly #isAwaited: () => boolean
  readonly #gather: Buffer
  #gathered = 0
  #stream: TerminalOutput["stream"] = "output"
  #ready: Array<TerminalOutput> = []
  #readyBytes = 0
  #lastPush = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #overdue = false

  /**
   * `onReady` is called whenever `take` will give something. `isAwaited`: whether somebody waits for it; while nobody
   * does, small writes go on gathering, for a reader that is behind is helped by fewer and larger batches.
   */
  constructor(onReady: () => void, isAwaited: () => boolean = () => true, limits: CoalescerLimits = usual) {
    this.#isAwaited = isAwaited
    this.#onReady = onReady
    this.#limits = limits
    this.#gather = Buffer.allocUnsafeSlow(limits.batchBytes)
  }

  /** Bytes held, in batches or for the next one. */
  get held(): number {
    return this.#readyBytes + this.#gathered
  }

  /** Whether the source may go on. */
  get hasRoom(): boolean {
    return this.held < this.#limits.heldBytes
  }

  /** Takes a copy of `bytes`; returns `hasRoom`. */
  push(stream: TerminalOutput["stream"], bytes: Uint8Array): boolean {
    if (bytes.length === 0) return this.hasRoom
    const now = performance.now()
    const idle = now - this.#lastPush >= this.#limits.idleMs
    this.#lastPush = now
    if (stream !== this.#stream) this.flush()
    this.#stream = stream
    for (let from = 0; from < bytes.length; ) from += this.#append(bytes, from)
    if (idle) this.flush()
    else if (this.#gathered > 0) this.#wait()
    return this.hasRoom
  }

  /** Hands on what was gathered so far, for example at the end. */
  flush(): void {
    if (this.#gathered === 0) return
    const bytes = Buffer.allocUnsafeSlow(this.#gathered)
    this.#gather.copy(bytes, 0, 0, this.#gathered)
    this.#ready.push({ stream: this.#stream, bytes })
    this.#readyBytes += this.#gathered
    this.#gathered = 0
    this.#overdue = false
    this.#onReady()
  }

  /** Every batch that is ready, oldest first. */
  take(): ReadonlyArray<TerminalOutput> {
    if (this.#ready.length === 0 && this.#overdue) this.flush()
    const taken = this.#ready
    this.#ready = []
    this.#readyBytes = 0
    return taken
  }

  /** Lets go of the timer; nothing may be pushed afterwards. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #append(bytes: Uint8Array, from: number): number {
    const count = Math.min(bytes.length - from, this.#limits.batchBytes - this.#gathered)
    this.#gather.set(from === 0 && count === bytes.length ? bytes : bytes.subarray(from, from + count), this.#gathered)
    this.#gathered += count
    if (this.#gathered === this.#limits.batchBytes) this.flush()
    return count
  }

  /** One timer, armed at most once a millisecond: a batch that fills before leaves it running for the next. */
  #wait(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#isAwaited()) this.flush()
      else this.#overdue = this.#gathered > 0
    }, this.#limits.delayMs)
  }
}
