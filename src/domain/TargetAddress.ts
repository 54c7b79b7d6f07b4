import { Either, Option } from "effect"

/** Where the SSH server of a machine without an agent is reached. */
export interface TargetAddress {
  /** A host name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

const usualPort = 22
const form = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})))(?::(\d{1,5}))?$/

/** Reads `HOST:PORT`, `[IPV6]:PORT`, or either without a port, which is 22 then. */
export const parseTargetAddress = (text: string): Either.Either<TargetAddress, string> =>
  Option.fromNullable(form.exec(text)).pipe(
    Option.map(([, v6, name = "", port]) => ({ host: v6 ?? name, port: Number(port ?? usualPort) })),
    Option.filter(({ port }) => port >= 1 && port <= 65_535),
    Either.fromOption(() => `"${text.slice(0, 100)}" is not an address such as 10.0.0.5:22 or db-1.internal:22`),
  )

/** `HOST:PORT`, with an IPv6 address in brackets. */
export const showTargetAddress = ({ host, port }: TargetAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
