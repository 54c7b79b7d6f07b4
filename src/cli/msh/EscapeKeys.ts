/** What the user asks of `msh` itself, as of ssh(1): `~.` ends the connection, `~^Z` suspends, `~?` lists the escapes. */
export type EscapeCommand = "disconnect" | "suspend" | "help"

/** What typing came to: bytes for the far side, and commands for us, in order. */
export type Typed =
  | { readonly _tag: "Send"; readonly bytes: Uint8Array }
  | { readonly _tag: "Command"; readonly command: EscapeCommand }

const tilde = 0x7e
const commands: Readonly<Record<number, EscapeCommand>> = { 46: "disconnect", 26: "suspend", 63: "help" }

/** Finds escapes in what is typed: a tilde counts only at the beginning of a line, and `~~` sends one. */
export class EscapeKeys {
  private state: "lineStart" | "tilde" | "inLine" = "lineStart"

  read(bytes: Uint8Array): ReadonlyArray<Typed> {
    const typed: Array<Typed> = []
    let sent: Array<number> = []
    for (const byte of bytes) {
      if (this.state === "lineStart" && byte === tilde) {
        this.state = "tilde"
        continue
      }
      const command = this.state === "tilde" ? commands[byte] : undefined
      if (command !== undefined) {
        typed.push({ _tag: "Send", bytes: Uint8Array.from(sent) }, { _tag: "Command", command })
        sent = []
        this.state = "lineStart"
        continue
      }
      if (this.state === "tilde" && byte !== tilde) sent.push(tilde)
      sent.push(byte)
      this.state = byte === 0x0d || byte === 0x0a ? "lineStart" : "inLine"
    }
    typed.push({ _tag: "Send", bytes: Uint8Array.from(sent) })
    return typed.filter((item) => item._tag === "Command" || item.bytes.length > 0)
  }
}
