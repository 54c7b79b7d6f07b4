const replacement = Uint8Array.of(0xef, 0xbf, 0xbd)

/** Who hears of characters; `bytes[0]` up to before `bytes[end]` is one character, valid during the call only. */
interface Utf8Actions {
  readonly character: (bytes: Uint8Array, end: number) => void
  /** U+0080 to U+009F. */
  readonly c1: (code: number) => void
}

/**
 * Puts bytes of 0x80 and above together to characters by the rules of RFC 3629 (no overlong forms, no surrogates, nothing
 * above U+10FFFF). What is not one becomes U+FFFD.
 */
export class Utf8Assembler {
  private readonly held = new Uint8Array(4)
  private length = 0
  private wanted = 0
  private silent = false
  private readonly actions: Utf8Actions

  constructor(actions: Utf8Actions) {
    this.actions = actions
  }

  /** Whether a character has begun that has not ended. */
  get pending(): boolean {
    return this.length > 0
  }

  /** A byte of 0x80 or above. */
  push(byte: number): void {
    if (this.length > 0 && this.continues(byte)) {
      this.add(byte)
      return
    }
    this.interrupt(true)
    this.wanted = lengthOf(byte)
    if (this.wanted === 0) this.actions.character(replacement, replacement.length)
    else {
      this.silent = false
      this.held[0] = byte
      this.length = 1
    }
  }

  /** As `push`, within a string whose characters nobody sees: only C1 controls are told. */
  pushControlOnly(byte: number): void {
    if (this.length === 1 && this.held[0] === 0xc2 && byte < 0xa0) {
      this.length = 0
      this.actions.c1(byte)
      return
    }
    this.silent = true
    this.held[0] = byte
    this.length = byte === 0xc2 ? 1 : 0
    this.wanted = 2
  }

  /** Something else comes: a character that has begun stays incomplete, and is drawn as such if `visible`. */
  interrupt(visible: boolean): void {
    if (this.length === 0) return
    this.length = 0
    if (visible && !this.silent) this.actions.character(replacement, replacement.length)
  }

  private continues(byte: number): boolean {
    if (byte > 0xbf) return false
    if (this.length > 1) return true
    const first = this.held[0]
    if (first === 0xe0) return byte >= 0xa0
    if (first === 0xed) return byte < 0xa0
    if (first === 0xf0) return byte >= 0x90
    if (first === 0xf4) return byte < 0x90
    return true
  }

  private add(byte: number): void {
    this.held[this.length] = byte
    this.length += 1
    if (this.length < this.wanted) return
    this.length = 0
    if (this.held[0] === 0xc2 && byte < 0xa0) this.actions.c1(byte)
    else this.actions.character(this.held, this.wanted)
  }
}

const lengthOf = (first: number): number => {
  if (first < 0xc2) return 0
  if (first < 0xe0) return 2
  if (first < 0xf0) return 3
  return first < 0xf5 ? 4 : 0
}
