import { closeSync } from "node:fs"
import { ReadStream } from "node:tty"
import type { NativePart, NativePty } from "./Native.ts"
import type { OutputSource } from "./OutputSource.ts"
import { PtyWriter } from "./PtyWriter.ts"

/** Read at once, where there is so much. */
const readBytes = 32 * 1024

/** With so little read, there is hardly more: to ask would only keep a keystroke's echo waiting. */
const fewBytes = 512

/** More than the kernel holds of a PTY's output: what comes after it was written after the shell's end. */
const drainBytes = 256 * 1024

/**
 * The agent's end of a PTY. The event loop reads it while the program runs. It must not be the one to read the end: libuv takes a
 * hang-up with a short read for the end of file, and drops what the kernel still holds. So once the program has ended, or
 * the loop says so, the rest is read here, at the reader's pace, until the kernel has nothing more to give.
 */
export class PtyMaster {
  readonly #native: NativePart
  readonly #control: number
  readonly #socket: ReadStream
  readonly #source: OutputSource
  readonly #writer: PtyWriter
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes)
  #state: "reading" | "draining" | "drained" | "closed" = "reading"
  #drained = 0

  constructor(native: NativePart, pty: NativePty, source: OutputSource) {
    this.#native = native
    this.#control = pty.control
    this.#source = source
    this.#writer = new PtyWriter(pty.control)
    const onread = { buffer: this.#buffer, callback: (count: number) => this.#read(count) }
    this.#socket = new ReadStream(pty.master, { onread } as ConstructorParameters<typeof ReadStream>[1])
    for (const event of ["end", "error", "close"]) this.#socket.on(event, () => this.programEnded())
    this.#socket.resume()
  }

  /** The descriptor to ask about modes and groups; none once it is closed. */
  get descriptor(): number | undefined {
    return this.#state === "closed" ? undefined : this.#control
  }

  /** The reader has room again. */
  resume(): void {
    if (this.#state === "draining") this.#drain()
    else if (this.#state === "reading") this.#socket.resume()
  }

  /** Nothing but what the kernel holds is to come. */
  programEnded(): void {
    if (this.#state !== "reading") return
    this.#state = "draining"
    this.#writer.close()
    this.#socket.pause()
    this.#drain()
  }

  /** Calls back once the kernel has taken the bytes, or the program has ended and nobody wants them. */
  write(bytes: Uint8Array, taken: () => void): void {
    this.#writer.write(bytes, taken)
  }

  /** Lets go of the PTY; the kernel hangs up whatever still has it. */
  close(): void {
    if (this.#state === "closed") return
    this.#state = "closed"
    this.#writer.close()
    this.#source.end()
    this.#socket.destroy()
    closeSync(this.#control)
  }

  /** What the event loop has read, and what more there is by now; returns whether it shall go on. */
  #read(count: number): boolean {
    if (this.#state !== "reading") return false
    let more = this.#source.push("output", this.#buffer.subarray(0, count))
    // An echo, and not a part of what there is to read.
    if (count < fewBytes) return more
    while (more) {
      const read = this.#native.read(this.#control, this.#buffer)
      if (read === 0) return true
      more = this.#source.push("output", this.#buffer.subarray(0, read))
    }
    return false
  }

  #drain(): void {
    while (this.#source.hasRoom) {
      const count = this.#drained < drainBytes ? this.#native.read(this.#control, this.#buffer) : 0
      if (count === 0) {
        this.#finish()
        return
      }
      this.#drained += count
      this.#source.push("output", this.#buffer.subarray(0, count))
    }
  }

  #finish(): void {
    this.#state = "drained"
    this.#socket.destroy()
    this.#source.end()
  }
}
