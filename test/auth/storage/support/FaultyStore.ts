import { once } from "node:events"
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A request of S3's API, as far as faults tell them apart. */
export type Operation = "put" | "begin" | "part" | "complete" | "abort" | "uploads" | "list" | "head" | "get" | "delete"

/** What happens to a request on its way. */
export type Fault =
  /** The store answers this, and does nothing. */
  | {
      readonly kind: "status"
      readonly status: number
      readonly code: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** Half of the request arrives; then nothing moves. */
  | { readonly kind: "stall" }
  /** Half of the request arrives; then the connection is cut. */
  | { readonly kind: "cut" }
  /** One byte of the body is another when it arrives. */
  | { readonly kind: "damage" }
  /** The store does it; its answer never arrives. */
  | { readonly kind: "lose answer" }
  /** Half of the answer's body arrives; then the connection is cut. */
  | { readonly kind: "cut answer" }
  /** One byte of the answer's body is another. */
  | { readonly kind: "damage answer" }

const operationOf = ({ method = "", url = "" }: IncomingMessage): Operation => {
  const { pathname, searchParams } = new URL(url, "http://store")
  const ofObject = pathname.split("/").filter((part) => part !== "").length > 1
  if (searchParams.has("uploads")) return method === "POST" ? "begin" : "uploads"
  if (searchParams.has("uploadId")) {
    return method === "PUT" ? "part" : method === "POST" ? "complete" : "abort"
  }
  if (method === "GET") return ofObject ? "get" : "list"
  return method.toLowerCase() as Operation
}

const flip = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes)
  const middle = changed.length >> 1
  changed[middle] = (changed[middle] ?? 0) ^ 1
  return changed
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** Stands between a hub and its store, and does to requests what a test asks for. */
export class FaultyStore {
  readonly #server: Server
  readonly #port: number
  readonly #faults: Array<{ readonly on: Operation; readonly fault: Fault; left: number }> = []
  /** Bytes of the bodies that were answered to each `get`. */
  readonly gotten: Array<number> = []
  /** How many requests met a fault. */
  met = 0
  /** Connections are cut, whatever they ask for. */
  away = false

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer((incoming, outgoing) => {
      incoming.on("error", () => outgoing.destroy())
      this.#handle(incoming, outgoing).catch(() => outgoing.destroy())
    })
  }

  static async start(port: number): Promise<FaultyStore> {
    const store = new FaultyStore(port)
    store.#server.listen(0, "127.0.0.1")
    await once(store.#server, "listening")
    return store
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next `times` requests of that kind meet this fault. */
  fail(on: Operation, fault: Fault, times = 1): void {
    this.#faults.push({ on, fault, left: times })
  }

  #next(on: Operation): Fault | undefined {
    const found = this.#faults.find((fault) => fault.on === on && fault.left > 0)
    if (found === undefined) return undefined
    found.left -= 1
    this.met += 1
    return found.fault
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (this.away) return void incoming.destroy()
    const operation = operationOf(incoming)
    const fault = this.#next(operation)
    if (fault?.kind === "status") {
      await bodyOf(incoming)
      outgoing.writeHead(fault.status, { "content-type": "application/xml", ...fault.headers })
      outgoing.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>injected</Message></Error>`)
      return
    }
    if (fault?.kind === "stall" || fault?.kind === "cut") {
      incoming.once("data", () => {
        incoming.pause()
        if (fault.kind === "cut") incoming.destroy()
      })
      return
    }
    const body = await bodyOf(incoming)
    const answer = await this.#forward(incoming, fault?.kind === "damage" ? flip(body) : body)
    if (fault?.kind === "lose answer") return void outgoing.destroy()
    outgoing.writeHead(answer.status, answer.headers)
    if (fault?.kind === "cut answer") {
      outgoing.write(answer.body.subarray(0, answer.body.length >> 1), () => outgoing.destroy())
      return
    }
    if (operation === "get") this.gotten.push(answer.body.length)
    outgoing.end(fault?.kind === "damage answer" ? flip(answer.body) : answer.body)
  }

  async #forward({ method, url, headers }: IncomingMessage, body: Buffer) {
    const forwarded = request({ host: "127.0.0.1", port: this.#port, method, path: url, headers })
    forwarded.end(body)
    const [answer] = (await once(forwarded, "response")) as [IncomingMessage]
    return { status: answer.statusCode ?? 500, headers: answer.headers, body: await bodyOf(answer) }
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
