import { Either, Option } from "effect"

/** Where to listen. */
export interface ListenAddress {
  /** An address or host name; IPv6 without brackets. */
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
}

const form = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{0,253})):(\d{1,5})$/

/** Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (every address of the machine). */
export const parseListenAddress = (text: string): Either.Either<ListenAddress, string> =>
  Option.fromNullable(form.exec(text)).pipe(
    Option.map((match) => ({ host: match[1] ?? (match[2] || "::"), port: Number(match[3]) })),
    Option.filter(({ port }) => port <= 65_535),
    Either.fromOption(() => `"${text.slice(0, 100)}" is not an address to listen at, such as 0.0.0.0:3080`),
  )

/** `HOST:PORT`, with an IPv6 address in brackets. */
export const showListenAddress = ({ host, port }: ListenAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** Whether it is every address of the machine. */
export const isUnspecified = ({ host }: ListenAddress): boolean => host === "0.0.0.0" || host === "::"

/** Where clients on this host reach what listens there, be it everywhere. */
export const reachableAddress = ({ host, port }: ListenAddress): ListenAddress => ({
  host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host,
  port,
})
