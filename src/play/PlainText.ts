import type { ControlSequence } from "./internal/EscapeActions.ts"
import { EscapeParser } from "./internal/EscapeParser.ts"

/** A line that grows longer is given out in pieces, so that memory stays bounded. */
const longestLine = 64 * 1024

/**
 * Turns terminal output into plain text, line by line: backspaces, carriage returns, and what line editors do within a line (erase,
 * move, insert, delete) are carried out; colours and everything else are left out. Moving to another place of the screen ends
 * the line, so that full-screen programs leave what they drew in the order in which they drew it.
 */
export class PlainText {
  private line: Array<string> = []
  private column = 0
  private out = ""
  private readonly decoder = new TextDecoder()
  private readonly parser = new EscapeParser({
    text: (bytes, start, end) => this.draw(this.decoder.decode(bytes.subarray(start, end))),
    control: (byte) => this.control(byte),
    escape: (intermediates, final) => {
      if (intermediates === "" && /[DEMc]/.test(final)) this.endLine()
    },
    sequence: (sequence) => this.sequence(sequence),
  })

  /** The text of all lines that `chunk` completes. */
  write(chunk: Uint8Array): string {
    this.parser.feed(chunk)
    const text = this.out
    this.out = ""
    return text
  }

  /** The text of the last line, where it was not completed. */
  end(): string {
    this.endLine()
    const text = this.out
    this.out = ""
    return text
  }

  private draw(text: string): void {
    for (const char of text) {
      while (this.line.length < this.column) this.line.push(" ")
      this.line[this.column] = char
      this.column += 1
    }
    if (this.line.length >= longestLine) this.flushLine("")
  }

  private control(byte: number): void {
    if (byte === 0x0a || byte === 0x0b || byte === 0x0c) this.flushLine("\n")
    else if (byte === 0x0d) this.column = 0
    else if (byte === 0x08) this.column = Math.max(0, this.column - 1)
    else if (byte === 0x09) this.column = Math.min(longestLine, (Math.floor(this.column / 8) + 1) * 8)
  }

  private sequence({ prefix, params, intermediates, final }: ControlSequence): void {
    if (prefix !== "" || intermediates !== "") return
    const first = Number(params.split(";")[0])
    const count = Math.min(Math.max(1, first || 1), longestLine)
    if (final === "C" || final === "a") this.column = Math.min(longestLine, this.column + count)
    else if (final === "D") this.column = Math.max(0, this.column - count)
    else if (final === "G" || final === "`") this.column = count - 1
    else if (final === "K") this.erase(first)
    else if (final === "P") this.line.splice(this.column, count)
    else if (final === "@") this.insert(count)
    else if (final === "X") this.blank(this.column, Math.min(this.line.length, this.column + count))
    else if (/[ABEFHJLMSTdf]/.test(final)) this.endLine()
  }

  private erase(which: number): void {
    if (which === 1) this.blank(0, Math.min(this.line.length, this.column + 1))
    else this.line.length = which === 2 ? 0 : Math.min(this.line.length, this.column)
  }

  private insert(count: number): void {
    if (this.column >= this.line.length) return
    this.line.splice(this.column, 0, ...Array.from({ length: Math.min(count, 1000) }, () => " "))
  }

  private blank(from: number, to: number): void {
    for (let column = from; column < to; column++) this.line[column] = " "
  }

  private endLine(): void {
    if (this.line.length > 0) this.flushLine("\n")
    else this.column = 0
  }

  private flushLine(ending: string): void {
    this.out += ending === "" ? this.line.join("") : this.line.join("").trimEnd() + ending
    this.line = []
    this.column = 0
  }
}
