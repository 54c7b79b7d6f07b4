import type { FileOperation, OnFileOperation } from "../FileOperation.ts"
import type { Direction } from "../FileTransfer.ts"
import { TransferGarbled } from "../TransferGarbled.ts"
import type { TransferWatcher } from "../TransferWatcher.ts"
import { ScpAnswers } from "./ScpAnswers.ts"
import { ScpSource } from "./ScpSource.ts"

/**
 * Follows `scp -O`. A client that gives files is held to wait for each answer, as all do: only the answer tells whether what follows
 * is a file's content or the next line.
 */
export class ScpWatcher implements TransferWatcher {
  readonly #source: ScpSource
  readonly #answers = new ScpAnswers()
  readonly #isUpload: boolean

  /** `path`: what the command named. */
  constructor(direction: Direction, path: string, tell: OnFileOperation) {
    this.#isUpload = direction === "upload"
    this.#source = new ScpSource({ action: direction, path, tell })
  }

  fromClient(bytes: Uint8Array): number {
    return this.#isUpload ? this.#follow(bytes) : this.#hear(bytes)
  }

  fromServer(bytes: Uint8Array): void {
    const taken = this.#isUpload ? this.#hear(bytes) : this.#follow(bytes)
    if (taken < bytes.length) throw new TransferGarbled({ message: "scp did not wait for an answer" })
  }

  get begun(): ReadonlyArray<FileOperation> {
    return this.#source.begun
  }

  end(): void {
    this.#source.end()
  }

  /** Takes answers, of which one may be due. */
  #hear(bytes: Uint8Array): number {
    const taken = this.#answers.push(bytes)
    if (this.#source.isAsking) this.#answer()
    return taken
  }

  /** Takes what is given, up to where an answer is due that is not there yet. */
  #follow(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length) {
      if (this.#source.isAsking && !this.#answer()) return at
      at += this.#source.push(bytes.subarray(at))
    }
    return at
  }

  #answer(): boolean {
    const result = this.#answers.shift()
    if (result !== undefined) this.#source.answer(result)
    return result !== undefined
  }
}
