const encoder = new TextEncoder()

/** A line for the user, on the terminal as it may be: after whatever stands there, and back at the margin. */
export const notice = (text: string): Uint8Array => encoder.encode(`\r\nmezite: ${text}\r\n`)
