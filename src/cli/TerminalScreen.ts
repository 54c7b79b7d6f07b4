import type { Writable } from "node:stream"
import { EscapeFilter } from "../play/EscapeFilter.ts"
import type { PlayerScreen } from "../play/PlayerScreen.ts"
import { writeTo } from "./Output.ts"
import { plainLine } from "./plainLine.ts"

/** Line feeds get the carriage return that a terminal in raw mode does not add. */
const withCarriageReturns = (bytes: Uint8Array): Uint8Array =>
  Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll(/\r?\n/g, "\r\n"), "latin1")

/**
 * Shows a session on the reviewer's terminal, filtered: nothing in a recording can act on it beyond drawing. Clearing
 * begins with new filters and an empty screen.
 */
export class TerminalScreen implements PlayerScreen {
  private outputFilter = new EscapeFilter()
  private stderrFilter = new EscapeFilter()
  private readonly terminal: Writable
  private hadPty = true

  constructor(terminal: Writable) {
    this.terminal = terminal
  }

  /** Whether the session had a terminal of its own; without one its lines end in a bare line feed. */
  setPty(hadPty: boolean): void {
    this.hadPty = hadPty
  }

  readonly output: PlayerScreen["output"] = (bytes) => this.write(this.outputFilter.filter(bytes))

  readonly stderr: PlayerScreen["stderr"] = (bytes) => this.write(this.stderrFilter.filter(bytes))

  readonly notice: PlayerScreen["notice"] = (text) =>
    writeTo(this.terminal, `\r\n\x1b[7m[${plainLine(text)}]\x1b[0m\r\n`)

  readonly event: PlayerScreen["event"] = (line) => writeTo(this.terminal, `\r\n\x1b[2m> ${plainLine(line)}\x1b[0m\r\n`)

  get clear(): PlayerScreen["clear"] {
    const undone = this.reset()
    this.outputFilter = new EscapeFilter()
    this.stderrFilter = new EscapeFilter()
    return writeTo(this.terminal, `${undone}\x1b[2J\x1b[H`)
  }

  /** What gives the terminal back as it was found. */
  reset(): string {
    return this.outputFilter.reset() + this.stderrFilter.reset()
  }

  private write(bytes: Uint8Array) {
    return writeTo(this.terminal, this.hadPty ? bytes : withCarriageReturns(bytes))
  }
}
