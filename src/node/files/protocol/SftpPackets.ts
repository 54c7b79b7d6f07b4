import { TransferGarbled } from "../TransferGarbled.ts"

/** The beginning of a packet: as much of its content as was asked for, and there is. */
export interface SftpPacket {
  readonly type: number
  readonly body: Buffer
}

/** OpenSSH's limit (sftp-common.h, SFTP_MAX_MSG_LENGTH), for both sides. */
const maxLength = 256 * 1024
const headerBytes = 5

/** Cuts a stream into packets (draft-ietf-secsh-filexfer-02, section 3), without keeping what files hold. */
export class SftpPackets {
  readonly #wantedOf: (type: number) => number
  readonly #onPacket: (packet: SftpPacket) => void
  readonly #header = Buffer.alloc(headerBytes)
  #headerFilled = 0
  #body = Buffer.alloc(0)
  #bodyFilled = 0
  #skip = 0

  /** `wantedOf`: how many bytes of a packet's content, after its type, are to be kept at most. */
  constructor(wantedOf: (type: number) => number, onPacket: (packet: SftpPacket) => void) {
    this.#wantedOf = wantedOf
    this.#onPacket = onPacket
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += this.#take(bytes, at)
  }

  #take(bytes: Uint8Array, at: number): number {
    if (this.#skip > 0) {
      const count = Math.min(this.#skip, bytes.length - at)
      this.#skip -= count
      return count
    }
    return this.#headerFilled < headerBytes ? this.#takeHeader(bytes, at) : this.#takeBody(bytes, at)
  }

  #takeHeader(bytes: Uint8Array, at: number): number {
    const count = Math.min(headerBytes - this.#headerFilled, bytes.length - at)
    this.#header.set(bytes.subarray(at, at + count), this.#headerFilled)
    this.#headerFilled += count
    if (this.#headerFilled === headerBytes) this.#begin()
    return count
  }

  #begin(): void {
    const length = this.#header.readUInt32BE(0)
    if (length < 1 || length > maxLength) {
      throw new TransferGarbled({ message: `an SFTP packet of ${length} bytes is none` })
    }
    this.#body = Buffer.allocUnsafe(Math.min(length - 1, this.#wantedOf(this.#header[4] ?? 0)))
    this.#bodyFilled = 0
    if (this.#body.length === 0) this.#finish()
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#body.length - this.#bodyFilled, bytes.length - at)
    this.#body.set(bytes.subarray(at, at + count), this.#bodyFilled)
    this.#bodyFilled += count
    if (this.#bodyFilled === this.#body.length) this.#finish()
    return count
  }

  #finish(): void {
    this.#skip = this.#header.readUInt32BE(0) - 1 - this.#body.length
    this.#headerFilled = 0
    this.#onPacket({ type: this.#header[4] ?? 0, body: this.#body })
  }
}
