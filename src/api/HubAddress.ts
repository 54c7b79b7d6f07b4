import { Array as Arr, Either, Schema } from "effect"

/** Where a hub listens, and whether what is between us and it is encrypted. */
export interface HubAddress {
  /** A host name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** False only for an `http://` address, which is accepted on loopback alone. */
  readonly tls: boolean
}

/** The text is no hub's address; the message says what one looks like. */
export class InvalidHubAddress extends Schema.TaggedError<InvalidHubAddress>()("InvalidHubAddress", {
  message: Schema.String,
}) {}

const defaultPort = 3080
const form =
  /^(?:(https?):\/\/)?(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})))(?::(\d{1,5}))?\/?$/
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/

const invalid = (message: string) => Either.left(new InvalidHubAddress({ message }))

/** Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or any of them after `https://`, or after `http://` where it is loopback. */
export const parseHubAddress = (text: string): Either.Either<HubAddress, InvalidHubAddress> => {
  const match = form.exec(text)
  if (match === null) return invalid(`"${text.slice(0, 100)}" is not a hub's address such as hub.example.com:3080`)
  const host = match[2] ?? match[3] ?? ""
  const port = match[4] === undefined ? defaultPort : Number(match[4])
  if (port < 1 || port > 65_535) return invalid(`"${text}" has no port between 1 and 65535`)
  const tls = match[1] !== "http"
  if (!tls && !loopback.test(host)) {
    return invalid(`"${text}": without TLS a hub is reached on loopback only; write https://${host}:${port}`)
  }
  return Either.right({ host, port, tls })
}

/** Reads the addresses of a cluster's hubs, one or more with commas between them. */
export const parseHubAddresses = (
  text: string,
): Either.Either<Arr.NonEmptyReadonlyArray<HubAddress>, InvalidHubAddress> =>
  Either.flatMap(Either.all(text.split(",").map((one) => parseHubAddress(one.trim()))), (hubs) =>
    Arr.isNonEmptyReadonlyArray(hubs) ? Either.right(hubs) : parseHubAddress("").pipe(Either.map(Arr.of)),
  )

/** `HOST:PORT`, as it is dialled by gRPC and written in messages. */
export const hubAuthority = ({ host, port }: HubAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** The address as `parseHubAddress` reads it. */
export const showHubAddress = (address: HubAddress): string =>
  address.tls ? hubAuthority(address) : `http://${hubAuthority(address)}`
