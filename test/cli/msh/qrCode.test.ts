import { encode } from "uqr"
import { expect, it } from "vitest"
import { qrCode } from "../../../src/cli/msh/qrCode.ts"

const uri = "otpauth://totp/mezite:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=mezite"

const [blackOnWhite, reset] = ["\u001b[30;107m", "\u001b[0m"]

/** What a camera sees: the dark modules, of two rows a line. */
const modulesOf = (lines: ReadonlyArray<string>) =>
  lines.flatMap((line) => {
    const cells = [...line.slice(blackOnWhite.length, -reset.length)]
    return [cells.map((cell) => "█▀".includes(cell)), cells.map((cell) => "█▄".includes(cell))]
  })

it("shows every module, black on white, with a light margin", () => {
  const { lines, columns } = qrCode(uri)
  expect(lines.every((line) => line.startsWith(blackOnWhite) && line.endsWith(reset))).toBe(true)
  const { data, size } = encode(uri, { ecc: "L", boostEcc: false, border: 2 })
  expect(columns).toBe(size)
  expect(modulesOf(lines)).toEqual([...data, Array.from({ length: size }, () => false)])
})

it("fits a terminal of 24 lines with what is shown below it", () => {
  expect(qrCode(uri).lines.length).toBeLessThanOrEqual(22)
})
