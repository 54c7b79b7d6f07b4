import type { RecordingEnd } from "./End.ts"
import { EntryReader } from "./EntryReader.ts"
import type { RecordingHeader } from "./Header.ts"
import type { SealedPoint } from "./Progress.ts"
import { RecordingError } from "./RecordingError.ts"
import type { VerifyingKey } from "./VerifyingKey.ts"

/** What a recording's seals prove. */
export type Verification =
  /** Every byte of the file, to the last, is under a valid seal. */
  | { readonly _tag: "Whole"; readonly header: RecordingHeader; readonly end: RecordingEnd; readonly bytes: number }
  /** Everything before `sealed.offset` is as it was sealed (nothing, where absent); `problem` tells what comes then. */
  | {
      readonly _tag: "NotWhole"
      readonly header: RecordingHeader | undefined
      readonly sealed: SealedPoint | undefined
      readonly problem: RecordingError
    }

/**
 * Verifies a recording, in any pieces, with public keys alone. Bytes that were changed, removed, added, moved or brought
 * over from another recording, and an end that was cut off, make it `NotWhole`.
 */
export class RecordingVerifier {
  readonly #entries: EntryReader
  #header: RecordingHeader | undefined
  #end: RecordingEnd | undefined
  #bytes = 0
  #problem: RecordingError | undefined

  constructor(publicKeys: ReadonlyArray<VerifyingKey>) {
    this.#entries = new EntryReader({ publicKeys })
  }

  /** Takes a piece. Once something was found wrong, the rest is passed over. */
  push(piece: Uint8Array): void {
    this.#bytes += piece.length
    this.#guard(() => {
      this.#entries.push(piece)
      for (let next = this.#entries.next(); next !== undefined; next = this.#entries.next()) {
        if (next._tag === "Header") this.#header = next.header
        else if (next._tag === "End") this.#end = next.end
      }
    })
  }

  /** The verdict, once every byte was pushed. */
  end(): Verification {
    this.#guard(() => this.#entries.end())
    const header = this.#header
    if (this.#problem === undefined && header !== undefined && this.#end !== undefined) {
      return { _tag: "Whole", header, end: this.#end, bytes: this.#bytes }
    }
    const problem = this.#problem ?? RecordingError.at(0, "Truncated", "the recording has no end")
    return { _tag: "NotWhole", header, sealed: this.#entries.progress.sealed, problem }
  }

  #guard(step: () => void): void {
    if (this.#problem !== undefined) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error
      this.#problem = error
    }
  }
}
