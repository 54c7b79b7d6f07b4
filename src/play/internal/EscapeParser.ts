import type { EscapeActions } from "./EscapeActions.ts"
import { Utf8Assembler } from "./Utf8Assembler.ts"

/** A sequence longer than this is not one that any terminal knows: it is dropped whole. */
const longestSequence = 256

type State = "ground" | "escape" | "sequence" | "string" | "stringEscape"

/**
 * Tells drawing from commands in terminal output, after the state machine that terminals share (Paul Williams' parser for
 * DEC terminals, and ECMA-48). It may be fed in chunks cut anywhere, also within a character or a sequence, and holds
 * no more than 256 bytes between them. C1 controls count where they are characters (`C2 9B`), never as stray bytes,
 * so that invalid UTF-8 can't hide what follows it; it is drawn as U+FFFD.
 */
export class EscapeParser {
  private state: State = "ground"
  private collected = ""
  private tooLong = false
  /** Within OSC, whose end may be BEL. */
  private belEnds = false
  private readonly actions: EscapeActions
  private readonly utf8: Utf8Assembler

  constructor(actions: EscapeActions) {
    this.actions = actions
    this.utf8 = new Utf8Assembler({
      character: (bytes, end) => actions.text(bytes, 0, end),
      c1: (code) => this.c1(code),
    })
  }

  feed(bytes: Uint8Array): void {
    let index = 0
    while (index < bytes.length) {
      if (this.state === "ground" && !this.utf8.pending) {
        const end = plainRun(bytes, index)
        if (end > index) {
          this.actions.text(bytes, index, end)
          index = end
          continue
        }
      }
      this.byte(bytes[index] ?? 0)
      index += 1
    }
  }

  private byte(byte: number): void {
    if (byte >= 0x80) {
      this.high(byte)
      return
    }
    this.utf8.interrupt(this.state === "ground")
    if (byte === 0x1b) this.escapeByte()
    else if (byte === 0x18 || byte === 0x1a) this.begin("ground")
    else if (this.state === "string") this.stringByte(byte)
    else if (this.state === "stringEscape") this.afterStringEscape(byte)
    else if (byte < 0x20) this.actions.control(byte)
    else if (byte === 0x7f) return
    else if (this.state === "escape") this.escapeSequenceByte(byte)
    else if (this.state === "sequence") this.controlSequenceByte(byte)
  }

  private high(byte: number): void {
    if (this.state === "string") {
      this.utf8.pushControlOnly(byte)
      return
    }
    if (this.state !== "ground") this.begin("ground")
    this.utf8.push(byte)
  }

  private begin(state: State): void {
    this.state = state
    this.collected = ""
    this.tooLong = false
  }

  private escapeByte(): void {
    if (this.state === "string" || this.state === "stringEscape") this.state = "stringEscape"
    else this.begin("escape")
  }

  private stringByte(byte: number): void {
    if (byte === 0x07 && this.belEnds) this.begin("ground")
  }

  private afterStringEscape(byte: number): void {
    this.begin("escape")
    if (byte === 0x5c) this.begin("ground")
    else this.byte(byte)
  }

  private beginString(belEnds: boolean): void {
    this.begin("string")
    this.belEnds = belEnds
  }

  private escapeSequenceByte(byte: number): void {
    if (byte < 0x30) this.collect(byte)
    else if (this.collected === "" && !this.tooLong && this.introduces(byte)) return
    else {
      const { collected, tooLong } = this
      this.begin("ground")
      if (!tooLong) this.actions.escape(collected, String.fromCharCode(byte))
    }
  }

  /** Whether a control sequence or a string begins with this byte after ESC. */
  private introduces(byte: number): boolean {
    if (byte === 0x5b) this.begin("sequence")
    else if (byte === 0x5d) this.beginString(true)
    else if (byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) this.beginString(false)
    else return false
    return true
  }

  private controlSequenceByte(byte: number): void {
    if (byte < 0x40) {
      this.collect(byte)
      return
    }
    const { collected, tooLong } = this
    this.begin("ground")
    const match = tooLong ? null : /^([<=>?]?)([\d;:]*)([ -/]*)$/.exec(collected)
    if (match === null) return
    const [, prefix = "", params = "", intermediates = ""] = match
    this.actions.sequence({ prefix, params, intermediates, final: String.fromCharCode(byte) })
  }

  private collect(byte: number): void {
    if (this.collected.length >= longestSequence) this.tooLong = true
    else this.collected += String.fromCharCode(byte)
  }

  /** An 8-bit control, as the character U+0080 to U+009F, means ESC and the byte 64 below it (ECMA-48, 5.3). */
  private c1(code: number): void {
    if (this.state === "string") {
      if (code === 0x9c) this.begin("ground")
      return
    }
    this.begin("escape")
    this.escapeSequenceByte(code - 0x40)
  }
}

const plainRun = (bytes: Uint8Array, start: number): number => {
  let end = start
  while (end < bytes.length) {
    const byte = bytes[end] ?? 0
    if (byte < 0x20 || byte >= 0x7f) break
    end += 1
  }
  return end
}
