import type { RecordingEnd } from "./End.ts"
import { EntryReader } from "./EntryReader.ts"
import type { RecordingHeader } from "./Header.ts"
import type { Progress } from "./Progress.ts"
import { RecordingError } from "./RecordingError.ts"
import type { VerifyingKey } from "./VerifyingKey.ts"

/** What stands in a file whose writer may have been interrupted. */
export type ScannedRecording =
  /** Not even a whole header: nothing to go on from. */
  | { readonly _tag: "Nothing"; readonly damage: RecordingError }
  | {
      readonly _tag: "Prefix"
      readonly header: RecordingHeader
      /**
       * Up to the last good frame or seal: truncate the file to `progress.offset` and give this to
       * `RecordingWriter.resume`, once. An End and its seal are not part of it.
       */
      readonly progress: Progress
      /** The End, where one was read. */
      readonly end: RecordingEnd | undefined
      /** End, and the last seal of a sealed recording, are there: nothing needs to be done. */
      readonly whole: boolean
      /**
       * Why reading stopped, where it is not whole. `Truncated` is what a crash leaves; after `Tampered` or `Corrupt`
       * only what is before `progress.sealed` is proven: scan that much again to go on from there.
       */
      readonly damage: RecordingError | undefined
    }

/** Finds out how far a file is good, and what a writer needs to go on from there. Needs no decryption key. */
export class RecordingScanner {
  readonly #entries: EntryReader
  #header: RecordingHeader | undefined
  #end: RecordingEnd | undefined
  #damage: RecordingError | undefined

  /** With `publicKeys` seals' signatures are checked, without them their digests alone. */
  constructor(options: { readonly publicKeys?: ReadonlyArray<VerifyingKey> } = {}) {
    this.#entries = new EntryReader({ ...options, framesDigest: true })
  }

  /** Takes a piece; after damage the rest is passed over. */
  push(piece: Uint8Array): void {
    this.#guard(() => {
      this.#entries.push(piece)
      for (let next = this.#entries.next(); next !== undefined; next = this.#entries.next()) {
        if (next._tag === "Header") this.#header = next.header
        else if (next._tag === "End") this.#end = next.end
      }
    })
  }

  /** The findings, once every byte was pushed. */
  end(): ScannedRecording {
    this.#guard(() => this.#entries.end())
    const damage = this.#damage
    if (this.#header === undefined) {
      return { _tag: "Nothing", damage: damage ?? RecordingError.at(0, "Truncated", "the file is empty") }
    }
    const whole = damage === undefined && this.#entries.complete
    return { _tag: "Prefix", header: this.#header, progress: this.#entries.progress, end: this.#end, whole, damage }
  }

  #guard(step: () => void): void {
    if (this.#damage !== undefined) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error
      this.#damage = error
    }
  }
}
