import { Iterable } from "effect"
import type { FileAttributes, FileOperation, OnFileOperation } from "../FileOperation.ts"
import { TransferGarbled } from "../TransferGarbled.ts"
import type { TransferWatcher } from "../TransferWatcher.ts"
import { endOfFile, readSftpAnswer, type SftpAnswer, wantedOfAnswer } from "./SftpAnswer.ts"
import { SftpPackets } from "./SftpPackets.ts"
import { readSftpRequest, SftpRequest, wantedOfRequest } from "./SftpRequest.ts"

/** Requests that wait for their answers; more have to wait themselves. */
const mostWaiting = 16_384
/** The same for the bytes of what is kept of them. */
const mostHeld = 1024 * 1024
/** Answered ones are dropped so many at a time. */
const batch = 1024
/** More than a process may have open. */
const mostHandles = 65_536
/** Of files that are open at once, so many are told as begun. */
const mostBegun = 32
const unclosed = "not closed"

/** A file that is open. */
interface OpenFile {
  readonly path: Buffer
  readonly writes: boolean
  read: number
  written: number
  /** The first that went wrong with its content. */
  problem?: string
  attributes?: FileAttributes
}

interface Waiting {
  readonly id: number
  readonly request: SftpRequest
  /** What is kept of it. */
  readonly bytes: number
}

/** Answers come in the order of their requests (sftp-server.c does one after the other), so that no client can confuse them. */
export class SftpWatcher implements TransferWatcher {
  readonly #tell: OnFileOperation
  readonly #waiting: Array<Waiting> = []
  readonly #files = new Map<string, OpenFile>()
  #begun: ReadonlyArray<FileOperation> | undefined
  #answered = 0
  #held = 0
  readonly #requests = new SftpPackets(wantedOfRequest, (packet) => {
    const bytes = packet.body.length
    this.#waiting.push({ ...readSftpRequest(packet), bytes })
    this.#held += bytes
  })
  readonly #answers = new SftpPackets(wantedOfAnswer, (packet) => this.#onAnswer(readSftpAnswer(packet)))

  constructor(tell: OnFileOperation) {
    this.#tell = tell
  }

  fromClient(bytes: Uint8Array): number {
    if (this.#waiting.length - this.#answered >= mostWaiting || this.#held >= mostHeld) return 0
    this.#requests.push(bytes)
    return bytes.length
  }

  fromServer(bytes: Uint8Array): void {
    this.#answers.push(bytes)
  }

  get begun(): ReadonlyArray<FileOperation> {
    this.#begun ??= [...Iterable.take(this.#files.values(), mostBegun)].map(({ path, writes }) => ({
      action: writes ? "upload" : "download",
      path,
      result: unclosed,
    }))
    return this.#begun
  }

  end(): void {
    for (const file of this.#files.values()) this.#tellFile(file, unclosed)
    this.#files.clear()
  }

  #onAnswer(answer: SftpAnswer): void {
    const waiting = this.#next()
    if (waiting?.id !== answer.id) throw new TransferGarbled({ message: "an SFTP answer belongs to no request" })
    SftpRequest.$match(waiting.request, {
      Init: () => undefined,
      Other: () => undefined,
      Open: ({ path, writes }) => this.#onOpen({ path, writes, read: 0, written: 0 }, answer),
      Close: ({ handle }) => this.#onClose(handle, answer),
      Read: ({ handle }) => this.#onRead(handle, answer),
      Write: ({ handle, bytes }) => this.#onWrite(handle, bytes, answer),
      List: ({ path }) => this.#tell({ action: "list", path, result: answer.result }),
      Change: (change) => this.#tell({ ...change, result: answer.result }),
      SetOpen: ({ handle, attributes }) => this.#onSetOpen(handle, attributes, answer),
      Copy: ({ from, to }) => this.#onCopy(from, to, answer),
    })
  }

  #next(): Waiting | undefined {
    const waiting = this.#waiting[this.#answered]
    this.#answered += 1
    this.#held -= waiting?.bytes ?? 0
    if (this.#answered === batch) {
      this.#waiting.splice(0, batch)
      this.#answered = 0
    }
    return waiting
  }

  #onOpen(file: OpenFile, { handle, result }: SftpAnswer): void {
    if (this.#files.size >= mostHandles) throw new TransferGarbled({ message: "there are too many open files" })
    if (handle === undefined) this.#tellFile(file, result)
    else this.#files.set(handle, file)
    this.#begun = undefined
  }

  #onClose(handle: string, { result }: SftpAnswer): void {
    const file = this.#files.get(handle)
    if (file === undefined) return
    this.#files.delete(handle)
    this.#begun = undefined
    this.#tellFile(file, result)
  }

  #onRead(handle: string, { data, result }: SftpAnswer): void {
    const file = this.#files.get(handle)
    if (file === undefined) return
    file.read += data ?? 0
    if (result !== "ok" && result !== endOfFile) file.problem ??= result
  }

  #onWrite(handle: string, bytes: number, { result }: SftpAnswer): void {
    const file = this.#files.get(handle)
    if (file === undefined) return
    if (result === "ok") file.written += bytes
    else file.problem ??= result
  }

  /** What is set of a file that is written is told with its upload. */
  #onSetOpen(handle: string, attributes: FileAttributes, { result }: SftpAnswer): void {
    const file = this.#files.get(handle)
    if (file?.writes === true && result === "ok") file.attributes = { ...file.attributes, ...attributes }
    else if (file !== undefined) this.#tell({ action: "setstat", path: file.path, attributes, result })
  }

  #onCopy(from: string, to: string, { result }: SftpAnswer): void {
    const [source, target] = [this.#files.get(from), this.#files.get(to)]
    this.#tell({ action: "copy", path: source?.path ?? "", to: target?.path ?? "", result })
  }

  /** A file that was opened for both is told twice, if both was done. */
  #tellFile({ path, writes, read, written, problem, attributes }: OpenFile, closed: string): void {
    const result = problem ?? closed
    if (writes) {
      this.#tell({
        action: "upload",
        path,
        bytes: written,
        ...(attributes === undefined ? {} : { attributes }),
        result,
      })
    }
    if (!writes || read > 0) this.#tell({ action: "download", path, bytes: read, result })
  }
}
