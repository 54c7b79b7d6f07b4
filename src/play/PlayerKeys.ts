/** What the reviewer asks for. */
export type PlayerKey = "pause" | "step" | "back" | "forward" | "faster" | "slower" | "quit" | "interrupt"

const keys: Record<string, PlayerKey> = {
  " ": "pause",
  ".": "step",
  "+": "faster",
  "=": "faster",
  "-": "slower",
  q: "quit",
  Q: "quit",
  "\x03": "interrupt",
  "\x1b[C": "forward",
  "\x1b[D": "back",
  "\x1bOC": "forward",
  "\x1bOD": "back",
}

/** A whole escape sequence, as keys send them; or the beginning of one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with ESC
const sequence = /^\x1b(?:\[[0-?]*[@-~]|O[@-~]|[^[O])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with ESC
const beginning = /^\x1b(?:\[[0-?]{0,16}|O)?$/

/** Reads keys from what a terminal in raw mode sends; a sequence may be cut in two. Keys that mean nothing are left out. */
export class PlayerKeys {
  private rest = ""

  read(bytes: Uint8Array): ReadonlyArray<PlayerKey> {
    const found: Array<PlayerKey> = []
    let text = this.rest + Buffer.from(bytes).toString("latin1")
    this.rest = ""
    while (text.length > 0) {
      if (beginning.test(text)) {
        this.rest = text
        break
      }
      const taken = sequence.exec(text)?.[0] ?? text.slice(0, 1)
      const key = keys[taken]
      if (key !== undefined) found.push(key)
      text = text.slice(taken.length)
    }
    return found
  }
}
