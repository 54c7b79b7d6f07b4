/** A control sequence (ECMA-48, 5.4) such as `ESC [ ? 2 5 h`. */
export interface ControlSequence {
  /** `<`, `=`, `>` or `?`, or empty. */
  readonly prefix: string
  /** Digits, `;` and `:` only. */
  readonly params: string
  readonly intermediates: string
  readonly final: string
}

/** What a stream of terminal output asks for, in order. Strings (OSC, DCS, APC, PM, SOS) are never told. */
export interface EscapeActions {
  /** Whole UTF-8 characters to draw, `bytes[start]` up to before `bytes[end]`; valid during the call only. */
  readonly text: (bytes: Uint8Array, start: number, end: number) => void
  /** A C0 control other than ESC. */
  readonly control: (byte: number) => void
  /** `ESC`, intermediates (often none), final. */
  readonly escape: (intermediates: string, final: string) => void
  readonly sequence: (sequence: ControlSequence) => void
}
