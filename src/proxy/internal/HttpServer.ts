import { createServer, type Server } from "node:http"
import type { Socket } from "node:net"
import type { ListenerLimits } from "../Listener.ts"

/** An HTTP/1.1 server that is given its connections (`emit("connection", socket)`), with limits on slow and big requests. */
export const makeHttpServer = (limits: ListenerLimits): Server => {
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: 3 * limits.headersTimeoutMs,
    keepAliveTimeout: 3 * limits.headersTimeoutMs,
    connectionsCheckingInterval: Math.max(100, Math.floor(limits.headersTimeoutMs / 4)),
  })
  server.maxHeadersCount = 100
  server.maxRequestsPerSocket = 1_000
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    else socket.destroy()
    // A client that does not read its answer gets no more time.
    const timer = setTimeout(() => socket.destroy(), 1_000)
    socket.once("close", () => clearTimeout(timer))
  })
  server.on("connection", (socket: Socket) => socket.setNoDelay(true))
  // Node begins to watch the time-outs of a server's connections when it listens; this one never does by itself.
  server.emit("listening")
  return server
}
