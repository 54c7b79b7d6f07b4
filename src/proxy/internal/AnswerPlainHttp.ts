import type { Socket } from "node:net"
import type { TLSSocket } from "node:tls"

const body = "This port speaks TLS: use https://\n"

const answer = [
  "HTTP/1.1 400 Bad Request",
  "Connection: close",
  "Content-Type: text/plain",
  `Content-Length: ${body.length}`,
  "",
  body,
].join("\r\n")

/** The connection under a TLS socket; Node's own name for it, and nothing is done where it has another one day. */
const under = (socket: TLSSocket): Socket | undefined => (socket as { readonly _parent?: Socket })._parent

/** Ends a connection whose TLS handshake failed; who spoke plain HTTP is told so in HTTP. */
export const answerPlainHttp = (error: NodeJS.ErrnoException, socket: TLSSocket): void => {
  const connection = under(socket)
  const isHttp = error.code === "ERR_SSL_HTTP_REQUEST"
  if (isHttp && connection?.writable === true) connection.end(answer, () => connection.destroy())
  else socket.destroy()
}
