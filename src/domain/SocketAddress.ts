import { AddressFamily, type ConnectionAsked } from "./ConnectionEvent.ts"
import { type RawText, rawText } from "./RawText.ts"

const protocols = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [58, "icmpv6"],
  [132, "sctp"],
  [262, "mptcp"],
])

/** `tcp`, `udp`, `unix` …; of what has no name, the family's and the protocol's numbers. */
export const protocolName = ({ family, protocol }: ConnectionAsked): string => {
  if (family === AddressFamily.Unix) return "unix"
  const isInternet = family === AddressFamily.Inet || family === AddressFamily.Inet6
  return isInternet ? (protocols.get(protocol) ?? `ip ${protocol}`) : `family ${family}`
}

/** Without the longest run of zeros (RFC 5952); one that stands for an IPv4 address as that. */
const inet6 = (address: Uint8Array): string => {
  const bytes = Buffer.from(address)
  if (bytes.subarray(0, 12).equals(mapped)) return [...bytes.subarray(12)].join(".")
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)
}
const mapped = Buffer.from("00000000000000000000ffff", "hex")

/** An address as people write it; of a Unix socket its path, or `@` and an abstract name. Empty where it is not known. */
export const addressText = ({ family, address }: ConnectionAsked): RawText => {
  if (family === AddressFamily.Inet && address.length === 4) return address.join(".")
  if (family === AddressFamily.Inet6 && address.length === 16) return inet6(address)
  if (family === AddressFamily.Unix && address[0] === 0) return rawText(Buffer.concat([at, address.subarray(1)]))
  return rawText(address)
}
const at = Buffer.from("@")
