import { isIPv6 } from "node:net"

/** The first four groups of an IPv6 address that is written in any way. */
const prefixOf = (address: string): string => {
  const [head = "", tail] = address.split("::", 2)
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`
}

/**
 * Whom attempts from `ADDRESS:PORT` or `ADDRESS` count against: the address without its port, and of IPv6 the /64, since whoever
 * has one such address has all the others in it. Empty for null, the hub's own host.
 */
export const networkOf = (remoteAddress: string | null): string => {
  const text = remoteAddress ?? ""
  if (isIPv6(text)) return prefixOf(text)
  const host = text.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")
  return isIPv6(host) ? prefixOf(host) : host
}
