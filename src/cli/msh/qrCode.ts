import { encode } from "uqr"

/** A QR code for a terminal. */
export interface QrCode {
  readonly lines: ReadonlyArray<string>
  /** How wide each line is. */
  readonly columns: number
}

/** Light modules around the code: ISO/IEC 18004 asks for four, but two do on a screen. */
const quietZone = 2

/** Whatever the terminal's own colours are. */
const blackOnWhite = "\u001b[30;107m"
const reset = "\u001b[0m"

const halfBlock = (upper: boolean, lower: boolean): string => {
  if (upper) return lower ? "█" : "▀"
  return lower ? "▄" : " "
}

/** A text as a QR code: two modules a character, one above the other. */
export const qrCode = (text: string): QrCode => {
  const { data, size } = encode(text, { ecc: "L", boostEcc: false, border: quietZone })
  const line = (upper: ReadonlyArray<boolean> = [], lower: ReadonlyArray<boolean> = []) =>
    `${blackOnWhite}${upper.map((dark, column) => halfBlock(dark, lower[column] ?? false)).join("")}${reset}`
  const rows = Array.from({ length: Math.ceil(size / 2) }, (_, row) => line(data[2 * row], data[2 * row + 1]))
  return { lines: rows, columns: size }
}
