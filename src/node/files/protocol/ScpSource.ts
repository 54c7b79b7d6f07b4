import type { FileOperation, OnFileOperation } from "../FileOperation.ts"
import { TransferGarbled } from "../TransferGarbled.ts"
import { readScpMessage, ScpMessage } from "./ScpMessage.ts"

/** PATH_MAX, with what stands before it. */
const longestLine = 4096 + 64
const newLine = 0x0a

/** A file that is being given. */
interface Given {
  readonly name: string
  readonly bytes: number
  left: number
  problem: string | undefined
}

const cutOff = "cut off"
const nothing: ReadonlyArray<FileOperation> = []

type State = "line" | "content" | "status"

export interface ScpSourceOptions {
  readonly action: "upload" | "download"
  /** What the command named. */
  readonly path: string
  readonly tell: OnFileOperation
}

/** Follows the side of `scp` that gives files, which waits for an answer after each step. */
export class ScpSource {
  readonly #options: ScpSourceOptions
  readonly #line: Array<number> = []
  readonly #directories: Array<string> = []
  #state: State = "line"
  #file: Given | undefined
  #begun = nothing
  /** What the answer that is due is to; undefined where none is. At first it is told that it may begin. */
  #asked: ScpMessage | "begin" | "content" | undefined = "begin"

  constructor(options: ScpSourceOptions) {
    this.#options = options
  }

  get isAsking(): boolean {
    return this.#asked !== undefined
  }

  /** Takes bytes up to where an answer is due; gives how many. */
  push(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length && !this.isAsking) at += this.#take(bytes, at)
    return at
  }

  /** The answer, `ok` or why not. */
  answer(result: string): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked === "content") this.#finishFile(result)
    else if (asked !== undefined && asked !== "begin") this.#answered(asked, result)
  }

  /** The file that is being given. */
  get begun(): ReadonlyArray<FileOperation> {
    return this.#begun
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#file !== undefined) this.#finishFile(cutOff)
  }

  #take(bytes: Uint8Array, at: number): number {
    if (this.#state === "content") return this.#takeContent(bytes.length - at)
    const byte = bytes[at] ?? 0
    if (this.#state === "status" && this.#line.length === 0 && byte === 0) {
      this.#asked = "content"
      return 1
    }
    if (byte === newLine) this.#finishLine(Buffer.from(this.#line.splice(0)))
    else if (this.#line.length < longestLine) this.#line.push(byte)
    else throw new TransferGarbled({ message: "a line of scp is too long" })
    return 1
  }

  #takeContent(available: number): number {
    const file = this.#file
    const count = Math.min(available, file?.left ?? 0)
    if (file !== undefined) file.left -= count
    if (file === undefined || file.left === 0) this.#state = "status"
    return count
  }

  #finishLine(line: Buffer): void {
    const message = readScpMessage(line)
    if (this.#state === "status") {
      if (message._tag !== "Problem") throw new TransferGarbled({ message: "a file of scp has no end" })
      if (this.#file !== undefined) this.#file.problem = message.text
      this.#asked = "content"
    } else if (message._tag === "Problem") this.#tellProblem(message.text)
    else this.#asked = message
  }

  #answered(asked: ScpMessage, result: string): void {
    ScpMessage.$match(asked, {
      File: ({ name, bytes }) => this.#beginFile({ name, bytes, left: bytes, problem: undefined }, result),
      Directory: ({ name }) => (result === "ok" ? void this.#directories.push(name) : this.#tellProblem(result)),
      EndDirectory: () => void this.#directories.pop(),
      Times: () => undefined,
      Problem: () => undefined,
    })
  }

  #beginFile(file: Given, result: string): void {
    const { action, path } = this.#options
    this.#file = file
    this.#begun = [{ action, path, name: this.#nameOf(file), result: cutOff }]
    if (result === "ok") this.#state = file.left === 0 ? "status" : "content"
    else this.#finishFile(result, file.bytes)
  }

  #finishFile(result: string, left = this.#file?.left ?? 0): void {
    const file = this.#file
    this.#file = undefined
    this.#begun = nothing
    this.#state = "line"
    if (file === undefined) return
    const { action, path, tell } = this.#options
    tell({ action, path, name: this.#nameOf(file), bytes: file.bytes - left, result: file.problem ?? result })
  }

  #nameOf({ name }: Given): string {
    return [...this.#directories, name].join("/")
  }

  #tellProblem(result: string): void {
    const { action, path, tell } = this.#options
    tell({ action, path, bytes: 0, result })
  }
}
