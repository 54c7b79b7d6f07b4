import { constants } from "node:os"

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** How a call ended: `ok`, or its errno(3) by name. */
export const resultName = (error: number): string => (error === 0 ? "ok" : (names.get(error) ?? `errno ${error}`))
