/** What could be taken for something else, such as for the next value, is quoted. */
const isPlain = (value: unknown): value is string => typeof value === "string" && /^[^\s"=]+$/.test(value)

/** An audit event's details on one line, `NAME=VALUE …`; values that are no plain words are JSON. */
export const detailText = (detail: Readonly<Record<string, unknown>>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}=${isPlain(value) ? value : JSON.stringify(value)}`)
    .join(" ")
