/** An address and a port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Reads `ADDRESS:PORT` or `[ADDRESS]:PORT`; port 0 where there is none. */
export const parseEndpoint = (text: string): Endpoint => {
  const match = /^\[?(.*?)\]?:(\d{1,5})$/.exec(text)
  return match === null ? { host: text, port: 0 } : { host: match[1] ?? "", port: Number(match[2]) }
}
