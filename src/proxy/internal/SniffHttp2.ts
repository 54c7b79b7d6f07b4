import type { Socket } from "node:net"

/** The client's connection preface (RFC 9113, 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1")

/**
 * Tells HTTP/2 with prior knowledge from HTTP/1.1 by a plain connection's first bytes, which stay to be read. A client
 * that does not send enough to tell within `timeoutMs` is cut off.
 */
export const sniffHttp2 = (socket: Socket, timeoutMs: number, decide: (protocol: "h2" | "http/1.1") => void): void => {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  const stop = () => {
    clearTimeout(timer)
    socket.off("data", onData)
    socket.off("close", stop)
    socket.off("end", onEnd)
  }
  const onEnd = () => socket.destroy()
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const length = Math.min(seen.length, preface.length)
    const matches = seen.subarray(0, length).equals(preface.subarray(0, length))
    if (matches && length < preface.length) return
    stop()
    socket.pause()
    socket.unshift(seen)
    decide(matches ? "h2" : "http/1.1")
  }
  socket.on("data", onData)
  socket.once("close", stop)
  socket.once("end", onEnd)
}
