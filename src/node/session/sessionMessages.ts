const encoder = new TextEncoder()

/** A line for the user; on a terminal, as it may be, after whatever stands there, and back at the margin. */
export const notice = (text: string, onTerminal: boolean): Uint8Array =>
  encoder.encode(onTerminal ? `\r\nmezite: ${text}\r\n` : `mezite: ${text}\n`)
