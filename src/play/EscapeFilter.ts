import type { ControlSequence } from "./internal/EscapeActions.ts"
import { EscapeParser } from "./internal/EscapeParser.ts"

/** BS, HT, LF, VT, FF, CR, SO, SI. Not BEL, and not ENQ, which terminals answer. */
const drawingControls = new Set([0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f])

/** Save and restore cursor, index, next line, tab stop, reverse index, reset; character sets; line sizes. */
const drawingEscapes = /^([78DEHMc]|[()*+][0AB]|#[34568])$/

/** Cursor movement, erasing, inserting, scrolling, attributes, margins, tab stops. */
const drawingFinals = /^[@ABCDEFGHIJKLMPSTXZ`abdefgmrsu]$/

/** Of the modes that can be set, those that only change how things are drawn; no mouse, no focus, no paste, no keys. */
const drawingPrivateModes = new Set(["5", "6", "7", "12", "25", "45", "47", "69", "1047", "1048", "1049", "2026"])
const drawingModes = new Set(["4", "20"])

const setsModes = ({ prefix, intermediates, final }: ControlSequence): boolean =>
  intermediates === "" && (final === "h" || final === "l") && (prefix === "" || prefix === "?")

/** Those of the modes that may be set. */
const allowedModes = ({ prefix, params }: ControlSequence): ReadonlyArray<string> => {
  const allowed = prefix === "?" ? drawingPrivateModes : drawingModes
  return params.split(";").filter((mode) => allowed.has(mode))
}

/** The sequence as it may be drawn, or null. */
const filterSequence = (sequence: ControlSequence): string | null => {
  const { prefix, params, intermediates, final } = sequence
  if (setsModes(sequence)) {
    const modes = allowedModes(sequence)
    return modes.length === 0 ? null : `\x1b[${prefix}${modes.join(";")}${final}`
  }
  // With five parameters it tracks the mouse (xterm's highlight tracking).
  if (final === "T" && params.split(";").length > 1) return null
  const draws =
    intermediates === ""
      ? (prefix === "" && drawingFinals.test(final)) || (prefix === "?" && (final === "J" || final === "K"))
      : prefix === "" && ((intermediates === " " && final === "q") || (intermediates === "!" && final === "p"))
  return draws ? `\x1b[${prefix}${params}${intermediates}${final}` : null
}

/**
 * Lets through what draws, and nothing that acts on the terminal beyond that: no clipboard (OSC 52), title, hyperlink or
 * colour palette, no query that the terminal would answer as if it were typed (DA, DSR, DECRQSS, XTGETTCAP, ENQ, DECRQM),
 * no window operation, printer, mouse or key mode, no DCS, APC, PM or SOS. It is a list of what is allowed:
 * what is not known is dropped. Chunks may be cut anywhere.
 */
export class EscapeFilter {
  private out: Uint8Array = new Uint8Array(0)
  private length = 0
  private readonly parser = new EscapeParser({
    text: (bytes, start, end) => this.put(bytes.subarray(start, end)),
    control: (byte) => {
      if (drawingControls.has(byte)) this.put(Uint8Array.of(byte))
    },
    escape: (intermediates, final) => {
      if (drawingEscapes.test(intermediates + final)) this.put(Buffer.from(`\x1b${intermediates}${final}`))
      if (final === "c" && intermediates === "") this.modes.clear()
    },
    sequence: (sequence) => {
      const kept = filterSequence(sequence)
      if (kept === null) return
      if (setsModes(sequence)) this.remember(sequence)
      if (sequence.final === "r") this.margins = true
      this.put(Buffer.from(kept))
    },
  })
  private readonly modes = new Map<string, boolean>()
  private margins = false

  /** What may be written of `chunk`; belongs to the caller. */
  filter(chunk: Uint8Array): Uint8Array {
    this.out = new Uint8Array(chunk.length + 64)
    this.length = 0
    this.parser.feed(chunk)
    return this.out.subarray(0, this.length)
  }

  /**
   * What undoes all that was let through, so that the reviewer's shell finds its terminal as it left it: alternate screen
   * left, cursor shown, attributes and character set reset. It does not move the cursor without need.
   */
  reset(): string {
    const undone = [...this.modes].map(([mode, on]) => {
      const usuallyOn = mode === "?7" || mode === "?25"
      return on === usuallyOn ? "" : `\x1b[${mode}${usuallyOn ? "h" : "l"}`
    })
    const margins = this.margins ? "\x1b7\x1b[r\x1b8" : ""
    return `${undone.join("")}${margins}\x1b[0m\x1b(B\x0f\x1b[0 q\x1b[?25h`
  }

  private remember(sequence: ControlSequence): void {
    for (const mode of allowedModes(sequence)) this.modes.set(sequence.prefix + mode, sequence.final === "h")
  }

  private put(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.out.length) {
      const larger = new Uint8Array(2 * this.out.length + bytes.length)
      larger.set(this.out.subarray(0, this.length))
      this.out = larger
    }
    this.out.set(bytes, this.length)
    this.length += bytes.length
  }
}
