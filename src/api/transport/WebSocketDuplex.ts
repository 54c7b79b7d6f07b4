import { Duplex } from "node:stream"
import { type RawData, WebSocket } from "ws"
import { closeGently } from "./CloseGently.ts"

/** The longest message that carries a tunnel's bytes. */
export const maxTunnelMessage = 1024 * 1024

/** How much may wait in a connection before its writer waits. */
export const maxBuffered = 1024 * 1024

const slice = 256 * 1024
const binary = { binary: true }
const endOfBytes = Buffer.alloc(0)

/**
 * The bytes of a WebSocket as a stream, with backpressure both ways: who does not read stops the peer's writes with at
 * most `maxBuffered` and one message held. An empty message means "no more from this side" (WebSocket has no half-close
 * of its own); once both sides said so, the connection closes. A connection that breaks off before that destroys the
 * stream with an error; destroying the stream cuts the connection. An error that nobody listens for crashes nothing.
 *
 * Takes over the WebSocket's messages at once, in the very call: nothing is lost, even inside a `message` listener.
 */
export class WebSocketDuplex extends Duplex {
  readonly #socket: WebSocket
  #peerEnded = false
  #ended = false

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true, readableHighWaterMark: slice, writableHighWaterMark: slice })
    this.#socket = socket
    this.on("error", () => {})
    socket.on("message", (data: RawData, isBinary: boolean) => this.#take(data, isBinary))
    socket.on("error", () => {})
    socket.once("close", () => this.#closed())
    if (socket.isPaused) socket.resume()
  }

  #take(data: RawData, isBinary: boolean): void {
    if (!isBinary || this.#peerEnded) return void this.destroy(new Error("the peer broke the tunnel's protocol"))
    const bytes = data as Buffer
    if (bytes.length === 0) {
      this.#peerEnded = true
      this.push(null)
      this.#closeWhenBothEnded()
    } else if (!this.push(bytes)) this.#socket.pause()
  }

  #closed(): void {
    if (this.#peerEnded || this.destroyed) return void this.destroy()
    this.destroy(new Error("the tunnel broke off"))
  }

  #closeWhenBothEnded(): void {
    if (this.#peerEnded && this.#ended) closeGently(this.#socket)
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const socket = this.#socket
    let at = 0
    for (; chunk.length - at > slice; at += slice) socket.send(chunk.subarray(at, at + slice), binary)
    const rest = at === 0 ? chunk : chunk.subarray(at)
    // The bytes lie in the socket's own buffer: while that is short the writer needs no answer from it.
    if (socket.bufferedAmount < maxBuffered) {
      socket.send(rest, binary)
      callback()
    } else socket.send(rest, binary, callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.send(endOfBytes, binary, (error) => {
      this.#ended = true
      callback(error)
      this.#closeWhenBothEnded()
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (error === null && this.#ended) closeGently(this.#socket)
    else if (this.#socket.readyState !== WebSocket.CLOSED) this.#socket.terminate()
    callback(error)
  }
}
