import { BlockList, isIP } from "node:net"

const family = (address: string): "ipv4" | "ipv6" => (isIP(address) === 4 ? "ipv4" : "ipv6")

const withoutMapping = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return mapped ?? address.replace(/%.*$/, "")
}

/**
 * Whether `address` lies within one of the comma-separated addresses and CIDR blocks of a `source-address` option
 * (PROTOCOL.certkeys). A malformed list matches nothing.
 */
export const sourceAddressAllows = (list: string, address: string): boolean => {
  const peer = withoutMapping(address)
  if (isIP(peer) === 0) return false
  const allowed = new BlockList()
  for (const entry of list.split(",")) {
    const [network = "", bits, ...more] = entry.trim().split("/")
    const version = isIP(network)
    const longest = version === 4 ? 32 : 128
    if (version === 0 || more.length > 0) return false
    if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > longest)) return false
    allowed.addSubnet(network, bits === undefined ? longest : Number(bits), family(network))
  }
  return allowed.check(peer, family(peer))
}
