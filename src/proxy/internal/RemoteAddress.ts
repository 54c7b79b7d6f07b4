import type { IncomingMessage } from "node:http"

const withPort = (address: string, port: number | undefined): string =>
  address.includes(":") ? `[${address}]:${port ?? 0}` : `${address}:${port ?? 0}`

/**
 * `ADDRESS:PORT` of the client. `trustForwarded`: a load balancer stands before the hub, and the last entry of its
 * X-Forwarded-For, the one that it wrote itself, names the client (without a port, given as 0).
 */
export const remoteAddressOf = ({ headers, socket }: IncomingMessage, trustForwarded: boolean): string => {
  const forwarded = [headers["x-forwarded-for"]].flat().at(-1)?.split(",").at(-1)?.trim()
  if (trustForwarded && forwarded !== undefined && /^[0-9A-Fa-f:.]{2,45}$/.test(forwarded)) {
    return withPort(forwarded, undefined)
  }
  return withPort((socket.remoteAddress ?? "unknown").replace(/^::ffff:/, ""), socket.remotePort)
}
