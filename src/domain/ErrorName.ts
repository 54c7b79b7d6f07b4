import { constants } from "node:os"

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** How a call ended: `ok`, or its errno(3) by name. */
export const resultName = (error: number): string => (error === 0 ? "ok" : (names.get(error) ?? `errno ${error}`))

/** The same of a call of which that may not be known, which is then told as `unknown`. */
export const outcomeName = (error: number | null, unknown: string): string =>
  error === null ? unknown : resultName(error)
