import * as fs from "node:fs"
import { dirname } from "node:path"
import { Duration, Effect } from "effect"
import { FileFailed } from "./FileFailed.ts"
import { writeAll, writeAllInCall } from "./internal/fileCalls.ts"
import { syncDirectory } from "./syncDirectory.ts"
import { Watermark } from "./Watermark.ts"

export interface AppendFileOptions {
  readonly path: string
  /** Where to go on, for a file that exists: what lies behind is cut off. 0 makes a new file and refuses an old one. */
  readonly position: number
  /** How long written bytes may wait to be made durable; zero: each round of writing ends with an fdatasync(2). */
  readonly syncEvery: Duration.DurationInput
  /**
   * Where writes are made: by threads in the background, or `inCall`, so that this process waits for them and what it
   * wrote is there however it ends. Default: in the background.
   */
  readonly writes?: "background" | "inCall"
}

/** Bytes that may wait to be written before `ready` waits too. */
const highWater = 1024 * 1024

/** Where nobody waits for each write to be durable, this much is written at once, or what has come in so many milliseconds. */
const gathered = { bytes: 128 * 1024, ms: 5 } as const

/**
 * A file that grows. `append` takes bytes at once; one writev(2) at a time writes all that has gathered meanwhile, and
 * one fdatasync(2) makes all of it durable (group commit). The file is 0600. Closing its scope writes nothing more:
 * call `flush` first.
 */
export class AppendFile {
  readonly #fd: number
  readonly #path: string
  readonly #syncEveryMs: number
  readonly #inCall: boolean
  readonly #written: Watermark<FileFailed>
  #pending: Array<Uint8Array> = []
  #end: number
  #busy = false
  #closed = false
  #syncDue = false
  #timer: NodeJS.Timeout | undefined
  #writeTimer: NodeJS.Timeout | undefined
  #onRest: (() => void) | undefined
  /** Why no more can be written, until it is known what is durable of what was. */
  #broken: FileFailed | undefined

  /** The file's length up to which it is known to be on stable storage: of a file that exists, nothing before `flush`. */
  readonly durable: Watermark<FileFailed>

  private constructor(fd: number, { path, position, syncEvery, writes }: AppendFileOptions) {
    this.#fd = fd
    this.#path = path
    this.#syncEveryMs = Duration.toMillis(syncEvery)
    this.#inCall = writes === "inCall"
    this.#written = new Watermark(position)
    this.durable = new Watermark(0)
    this.#end = position
  }

  /** Opens the file for as long as the scope; a new file's name is durable then. */
  static readonly make = (options: AppendFileOptions) =>
    Effect.tap(AppendFile.#open(options), () =>
      options.position === 0 ? syncDirectory(dirname(options.path)) : Effect.void,
    )

  static readonly #open = (options: AppendFileOptions) =>
    Effect.acquireRelease(
      Effect.try({
        try: () => {
          const fd = fs.openSync(options.path, options.position === 0 ? "wx" : "r+", 0o600)
          if (options.position > 0) fs.ftruncateSync(fd, options.position)
          return new AppendFile(fd, options)
        },
        catch: (error) => FileFailed.of(options.path, error as NodeJS.ErrnoException),
      }),
      (file) => file.#close,
    )

  /** The file's length once all that was appended is written. */
  get end(): number {
    return this.#end
  }

  /** Takes bytes, which must not change any more. Where the file has failed they are lost, and `flush` fails. */
  append(bytes: Uint8Array): void {
    this.#end += bytes.length
    if (this.#isOver) return
    this.#pending.push(bytes)
    if (this.#syncEveryMs === 0 || this.#end - this.#written.value >= gathered.bytes) this.#pump()
    else this.#writeTimer ??= setTimeout(() => this.#pump(), gathered.ms)
  }

  /**
   * Writes now what waits, with `inCall`: from then on all that was appended survives the end of this process, though not
   * that of the machine. False where it can't be written.
   */
  keep(): boolean {
    if (this.#pending.length > 0) this.#pump()
    return !this.#isOver
  }

  get #isOver(): boolean {
    return this.#closed || this.#broken !== undefined || this.durable.failed
  }

  /** Whether little waits to be written. */
  get hasRoom(): boolean {
    return this.#written.value >= this.#end - highWater
  }

  /** Completes when little waits to be written. */
  readonly ready: Effect.Effect<void, FileFailed> = Effect.suspend(() =>
    Effect.asVoid(this.#written.reaches(this.#end - highWater)),
  )

  /** Makes durable all that was appended until now. */
  readonly flush: Effect.Effect<void, FileFailed> = Effect.suspend(() => {
    this.#syncDue = true
    this.#pump()
    return Effect.asVoid(this.durable.reaches(this.#end))
  })

  #pump(): void {
    if (this.#inCall && this.#pending.length > 0 && !this.#isOver) this.#writeInCall()
    if (this.#busy || this.#closed || this.durable.failed) return
    if (this.#pending.length > 0) this.#write()
    else if (this.#syncDue && (this.#broken !== undefined || this.durable.value < this.#written.value)) this.#sync()
  }

  /** All that waits; none does after. */
  #takePending(): ReadonlyArray<Uint8Array> {
    clearTimeout(this.#writeTimer)
    this.#writeTimer = undefined
    const chunks = this.#pending
    this.#pending = []
    return chunks
  }

  #writeInCall(): void {
    try {
      writeAllInCall(this.#fd, this.#takePending(), this.#written.value)
      this.#written.raise(this.#end)
      this.#syncInTime()
    } catch (error) {
      // What was written before may still become durable; only then is it known what is lost.
      this.#broken = FileFailed.of(this.#path, error as NodeJS.ErrnoException)
      this.#syncDue = true
    }
  }

  #write(): void {
    const end = this.#end
    const chunks = this.#takePending()
    this.#busy = true
    writeAll(this.#fd, chunks, this.#written.value, (error) => {
      if (!this.#ended(error)) return
      this.#written.raise(end)
      if (this.#closed) return
      this.#syncInTime()
      this.#pump()
    })
  }

  #syncInTime(): void {
    if (this.#syncEveryMs === 0) this.#syncDue = true
    if (!this.#syncDue) this.#timer ??= setTimeout(() => this.#syncSoon(), this.#syncEveryMs)
  }

  #syncSoon(): void {
    this.#timer = undefined
    this.#syncDue = true
    this.#pump()
  }

  #sync(): void {
    const written = this.#written.value
    this.#busy = true
    this.#syncDue = false
    fs.fdatasync(this.#fd, (error) => {
      if (!this.#ended(error)) return
      this.durable.raise(written)
      if (this.#broken !== undefined) this.#fail(this.#broken)
      this.#pump()
    })
  }

  #fail(error: FileFailed): void {
    this.#pending = []
    this.#written.fail(error)
    this.durable.fail(error)
  }

  /** A call of the file system has ended; whether it did what it should. */
  #ended(error: NodeJS.ErrnoException | null): boolean {
    this.#busy = false
    this.#onRest?.()
    if (error !== null) this.#fail(FileFailed.of(this.#path, error))
    return error === null
  }

  /** Waits for the call under way, if any: its descriptor must not be closed, and given out again, beneath it. */
  get #close(): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      clearTimeout(this.#timer)
      clearTimeout(this.#writeTimer)
      this.#closed = true
      this.#fail(FileFailed.of(this.#path, new Error("the file is closed")))
      if (this.#busy) this.#onRest = () => resume(Effect.void)
      else resume(Effect.void)
    }).pipe(Effect.zipRight(Effect.sync(() => fs.closeSync(this.#fd))))
  }
}
