import { ArgumentParts } from "./internal/ArgumentParts.ts"
import { commandOf, endOf, refusalOf } from "./internal/commandRecords.ts"
import { askedOf, outcomeOf } from "./internal/connectionRecords.ts"
import { fileAsked, fileOpened, fileUnseen } from "./internal/fileRecords.ts"
import { headBytes, RawRecord } from "./internal/RawRecord.ts"
import { ProbeFault } from "./ProbeFault.ts"
import type { ProbeRecord } from "./ProbeRecord.ts"

/** wire.h, DATA_BYTES; a record of the probe is never longer. */
const dataBytes = 28_672

const Kind = {
  ready: 1,
  tracked: 2,
  synced: 3,
  ended: 4,
  lost: 5,
  arguments: 6,
  exec: 7,
  exit: 8,
  execFailed: 9,
  open: 10,
  openAsked: 11,
  connect: 12,
  connected: 13,
  ioUring: 14,
} as const

/**
 * Reads what the probe writes, in pieces as they come. Every length is checked before it is believed; bytes that are none of
 * the probe's throw `ProbeFault`, after which the decoder is of no more use. Holds less than one record, and the arguments
 * of commands that are about to be told.
 */
export class ProbeDecoder {
  readonly #arguments = new ArgumentParts()
  #rest: Buffer = Buffer.alloc(0)

  /** The records that are complete now. */
  push(piece: Buffer): ReadonlyArray<ProbeRecord> {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const records: Array<ProbeRecord> = []
    let at = 0
    while (bytes.length - at >= headBytes) {
      const length = bytes.readUInt32LE(at)
      if (length < headBytes || length > headBytes + dataBytes) throw new ProbeFault(`a record of ${length} bytes`)
      if (bytes.length - at < length) break
      const record = this.#read(new RawRecord(bytes, at, length))
      if (record !== undefined) records.push(record)
      at += length
    }
    this.#rest = bytes.subarray(at)
    return records
  }

  #read(raw: RawRecord): ProbeRecord | undefined {
    const { session } = raw
    switch (raw.kind) {
      case Kind.ready:
        return { _tag: "Ready", version: raw.detail(0) }
      case Kind.tracked:
        return { _tag: "Tracked", session, error: raw.result }
      case Kind.synced:
        return { _tag: "Synced", session }
      case Kind.ended:
        this.#arguments.forget(session)
        return { _tag: "Ended", session }
      case Kind.lost: {
        const losses = {
          commands: raw.dataNumber(0),
          files: raw.dataNumber(1),
          connections: raw.dataNumber(2),
          processes: raw.dataNumber(3),
        }
        return { _tag: "Lost", session, losses }
      }
      case Kind.arguments:
        this.#arguments.add(raw)
        return undefined
      case Kind.exec:
        return { _tag: "Command", session, event: commandOf(raw, this.#arguments.take(raw)) }
      case Kind.exit:
        return { _tag: "Command", session, event: endOf(raw) }
      case Kind.execFailed:
        return { _tag: "Command", session, event: refusalOf(raw) }
      case Kind.open:
        return { _tag: "File", session, event: fileOpened(raw) }
      case Kind.openAsked:
        return { _tag: "File", session, event: fileAsked(raw) }
      case Kind.ioUring:
        return { _tag: "File", session, event: fileUnseen(raw) }
      case Kind.connect:
        return { _tag: "Connection", session, event: askedOf(raw) }
      case Kind.connected:
        return { _tag: "Connection", session, event: outcomeOf(raw) }
      default:
        throw new ProbeFault(`a record of the unknown kind ${raw.kind}`)
    }
  }
}
