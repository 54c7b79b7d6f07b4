/**
 * All that Mezite knows about the inside of ssh2 1.17. Names with an underscore are not its public interface; each is
 * used for what is written beside it, and {@link requireShape} stops a connection that finds one missing.
 *
 * Defects of ssh2 that are made good here (see {@link guardConnection}): a peer that ignores its window fills the memory; a
 * packet size of 0 makes a write loop for ever; a stale `_chunk` is sent again when stderr waited for the window; a
 * session closed before its request leaks its channel; requests after the client's EOF are refused; data, EOF and
 * window of a session are lost until its request is accepted; nothing heeds the transport's backpressure; no automatic rekey.
 */
import type { EventEmitter } from "node:events"
import type { Duplex, Writable } from "node:stream"
import type { ServerConfig } from "ssh2"
import { Channel } from "ssh2/lib/Channel.js"
import { KexInit } from "ssh2/lib/protocol/kex.js"
import { sendPacket } from "ssh2/lib/protocol/utils.js"
import { sshString, sshUint32 } from "./SshWire.ts"
import type { TransportGate } from "./TransportGate.ts"

/** One end of a channel: its number there, how many bytes may yet be sent to it. */
interface ChannelEnd {
  readonly id: number
  window: number
  readonly packetSize: number
  state: string
}

export interface Ssh2Channel extends Duplex {
  readonly incoming: ChannelEnd
  readonly outgoing: ChannelEnd
  readonly stderr: Duplex
  server: boolean
  /** Set while a write waits for the window; the rest of it is in `_chunk`, or in `_chunkErr` for stderr. */
  _waitWindow: boolean
  _chunk: Buffer | undefined
  _chunkcb: WriteCallback | undefined
  _chunkErr: Buffer | undefined
  _chunkcbErr: WriteCallback | undefined
  readonly exit: (statusOrSignal: number | string) => void
  readonly close: () => void
  readonly setWindow: (rows: number, cols: number, height: number, width: number) => void
  readonly signal: (name: string) => void
}
type WriteCallback = (error?: Error | null) => void

/** A server's session channel before something was started on it; `_channel` is what was started. */
export interface Ssh2Session extends EventEmitter {
  readonly _chanInfo: { readonly outgoing: ChannelEnd; readonly incoming: ChannelEnd }
  _channel: Ssh2Channel | undefined
  /** Set at the client's EOF; ssh2 then refuses all requests. */
  _ending: boolean
}

interface Lists {
  readonly kex: { readonly array: ReadonlyArray<string> }
  readonly cs: Record<"cipher" | "mac" | "compress" | "lang", { readonly array: ReadonlyArray<string> }>
}

/** What ssh2 does with the channel messages (RFC 4254 section 5) that are checked before. */
interface ChannelHandlers {
  CHANNEL_OPEN?: (protocol: Ssh2Protocol, info: { readonly sender: number; readonly packetSize: number }) => void
  CHANNEL_OPEN_CONFIRMATION?: (protocol: Ssh2Protocol, info: { readonly packetSize: number }) => void
  CHANNEL_DATA?: Receive
  CHANNEL_EXTENDED_DATA?: Receive
  CHANNEL_EOF?: (protocol: Ssh2Protocol, id: number) => void
  CHANNEL_CLOSE?: (protocol: Ssh2Protocol, id: number) => void
  CHANNEL_WINDOW_ADJUST?: (protocol: Ssh2Protocol, id: number, amount: number) => void
}
type Receive = (protocol: Ssh2Protocol, id: number, data: Buffer, type?: number) => void

export interface Ssh2Protocol {
  /** The running or last key exchange. `_hostKey`, `_sig`: what the server sent, until the exchange is finished. */
  readonly _kex: {
    readonly sessionID: Buffer
    readonly negotiated: { serverHostKey: string }
    _hostKey: Buffer | undefined
    _sig: Buffer | undefined
  }
  /** Our KEXINIT while an exchange runs; packets wait in `_queue` until then. */
  readonly _kexinit: Buffer | undefined
  _offer: object & { readonly lists: Lists }
  readonly _hostKeys: Record<string, object>
  readonly _authsQueue: Array<string>
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number
      /** As `allocStart`, for packets that do not wait for a running key exchange; these pass `true` below. */
      readonly allocStartKEX: number
      readonly alloc: (size: number, evenInExchange?: boolean) => Buffer
      readonly finalize: (packet: Buffer, evenInExchange?: boolean) => Buffer
    }
  }
  readonly _handlers: ChannelHandlers
  channelData: (id: number, data: Buffer) => void
  channelExtData: (id: number, data: Buffer, type: number) => void
  authNone: (username: string) => void
  readonly channelSuccess: (id: number) => void
  readonly channelFailure: (id: number) => void
  readonly channelClose: (id: number) => void
  channelOpenFail: (id: number, reason: number, description: string) => void
  readonly rekey: () => void
}

export interface Ssh2Connection extends EventEmitter {
  readonly _protocol: Ssh2Protocol
  readonly _chanMgr: {
    readonly _channels: Record<string, Ssh2Channel | Ssh2Session>
    readonly _count: number
    readonly get: (id: number) => Ssh2Channel | Ssh2Session | undefined
    readonly remove: (id: number) => void
  }
  readonly end: () => unknown
}

/** Emitted on a channel once both sides have closed it; ssh2's own `close` waits until all input was read. */
export const channelClosed = Symbol("channelClosed")

/** Throws where `object` lacks one of the `names` that are relied on. */
const requireShape = (what: string, object: object, names: ReadonlyArray<string>): void => {
  const missing = names.filter((name) => !(name in object))
  if (missing.length > 0) throw new Error(`ssh2 is not the version Mezite was written for: ${what} lacks ${missing}`)
}

const common = ["_kex", "_kexinit", "_offer", "_handlers", "_packetRW", "channelData", "channelExtData", "rekey"]

/** Checks a new connection's shape and gives it the type of its inside. */
export const ssh2Connection = (connection: object): Ssh2Connection => {
  requireShape("a connection", connection, ["_protocol", "_chanMgr"])
  const inside = connection as Ssh2Connection
  requireShape("its protocol", inside._protocol, [...common, "channelSuccess", "channelClose", "_authsQueue"])
  requireShape("its channels", inside._chanMgr, ["_channels", "_count", "get", "remove"])
  requireShape("its handlers", inside._protocol._handlers, ["CHANNEL_OPEN", "CHANNEL_DATA", "CHANNEL_EOF"])
  requireShape("its handlers", inside._protocol._handlers, ["CHANNEL_CLOSE", "CHANNEL_WINDOW_ADJUST"])
  return inside
}

const isSession = (channel: Ssh2Channel | Ssh2Session | undefined): channel is Ssh2Session =>
  typeof channel === "object" && "_chanInfo" in channel

const channelOf = (channel: Ssh2Channel | Ssh2Session | undefined): Ssh2Channel | undefined =>
  isSession(channel) ? channel._channel : typeof channel === "object" ? channel : undefined

/** What a connection is held to. */
export interface ConnectionGuard {
  readonly maxChannels: number
  /** Told of the bytes of channel data, of both directions. */
  readonly onBytes: (bytes: number) => void
  /** The peer broke the protocol in a way that is no accident; the connection is to be dropped. */
  readonly onViolation: (message: string) => void
}

const smallestPacket = 256

/** Puts checks before ssh2's handlers of channel messages; call before any channel is opened. */
export const guardConnection = (connection: Ssh2Connection, guard: ConnectionGuard): void => {
  const handlers = connection._protocol._handlers
  guardOpening(connection, guard)
  for (const name of ["CHANNEL_DATA", "CHANNEL_EXTENDED_DATA"] as const) {
    const receive = handlers[name]
    handlers[name] = (protocol, id, data, type) => {
      const channel = channelOf(connection._chanMgr.get(id))
      if (channel?.incoming.state === "eof") return guard.onViolation("the peer sent data after its end of file")
      if (channel !== undefined && data.length > channel.incoming.window) {
        return guard.onViolation("the peer sent more data than the channel's window allows")
      }
      guard.onBytes(data.length)
      receive?.(protocol, id, data, type)
    }
  }
  guardEnding(connection)
  handlers.CHANNEL_WINDOW_ADJUST = (_protocol, id: number, amount: number) => {
    const channel = channelOf(connection._chanMgr.get(id))
    if (channel !== undefined) widenWindow(channel, amount)
  }
  countSentBytes(connection._protocol, guard.onBytes)
}

const guardOpening = (connection: Ssh2Connection, guard: ConnectionGuard): void => {
  const handlers = connection._protocol._handlers
  const open = handlers.CHANNEL_OPEN
  handlers.CHANNEL_OPEN = (protocol, info: { readonly sender: number; readonly packetSize: number }) => {
    if (connection._chanMgr._count >= guard.maxChannels)
      return protocol.channelOpenFail(info.sender, 4, "too many channels")
    if (info.packetSize < smallestPacket) return protocol.channelOpenFail(info.sender, 4, "packet size is too small")
    open?.(protocol, info)
  }
  const confirm = handlers.CHANNEL_OPEN_CONFIRMATION
  handlers.CHANNEL_OPEN_CONFIRMATION = (protocol, info: { readonly packetSize: number }) => {
    if (info.packetSize < smallestPacket) return guard.onViolation("the peer's packet size is too small")
    confirm?.(protocol, info)
  }
}

const guardEnding = (connection: Ssh2Connection): void => {
  const { _chanMgr: channels, _protocol: protocol } = connection
  const handlers = protocol._handlers
  const endOfFile = handlers.CHANNEL_EOF
  handlers.CHANNEL_EOF = (_, id: number) => {
    const entry = channels.get(id)
    endOfFile?.(protocol, id)
    if (isSession(entry) && entry._channel !== undefined) entry._ending = false
  }
  const close = handlers.CHANNEL_CLOSE
  handlers.CHANNEL_CLOSE = (_, id: number) => {
    const entry = channels.get(id)
    close?.(protocol, id)
    if (isSession(entry) && entry._channel === undefined) {
      protocol.channelClose(entry._chanInfo.outgoing.id)
      channels.remove(id)
    }
    channelOf(entry)?.emit(channelClosed)
  }
}

/** Marks all channels closed when the transport is: ssh2 leaves them open for writing. */
export const closeChannels = (connection: Ssh2Connection): void => {
  for (const entry of Object.values(connection._chanMgr._channels)) {
    const channel = channelOf(entry)
    if (channel === undefined) continue
    channel.outgoing.state = "closed"
    channel.emit(channelClosed)
  }
}

/** ssh2's own handler sends `_chunk` again although it was sent, and forgets stderr where both wait. */
const widenWindow = (channel: Ssh2Channel, amount: number): void => {
  channel.outgoing.window += amount
  if (!channel._waitWindow) return
  channel._waitWindow = false
  const { _chunk, _chunkcb, _chunkErr, _chunkcbErr } = channel
  channel._chunk = channel._chunkcb = channel._chunkErr = channel._chunkcbErr = undefined
  if (_chunk !== undefined && _chunkcb !== undefined) channel._write(_chunk, "utf8", _chunkcb)
  if (_chunkErr !== undefined && _chunkcbErr !== undefined) channel.stderr._write(_chunkErr, "utf8", _chunkcbErr)
}

const countSentBytes = (protocol: Ssh2Protocol, onBytes: (bytes: number) => void): void => {
  const data = protocol.channelData
  const extended = protocol.channelExtData
  protocol.channelData = (id, bytes) => {
    onBytes(bytes.length)
    data.call(protocol, id, bytes)
  }
  protocol.channelExtData = (id, bytes, type) => {
    onBytes(bytes.length)
    extended.call(protocol, id, bytes, type)
  }
}

/**
 * Makes a channel's writes wait for the transport too, and gives it an `error` listener: ssh2 reports a channel's end by
 * `close`, its `error`s say nothing more.
 */
export const tameChannel = (channel: Ssh2Channel, gate: TransportGate, server: boolean): Ssh2Channel => {
  requireShape("a channel", channel, ["incoming", "outgoing", "stderr", "_waitWindow", "_chunk", "_chunkErr"])
  const slow = (stream: Writable): void => {
    const write = stream._write
    stream._write = (chunk, encoding, done) => {
      try {
        write.call(stream, chunk, encoding, (error) => gate.whenReady(() => done(error)))
      } catch (cause) {
        done(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }
  }
  slow(channel)
  if (server) slow(channel.stderr)
  channel.on("error", ignored)
  channel.stderr.on("error", ignored)
  return channel
}
const ignored = (): void => undefined

/**
 * Lets a server's forwarded channel end its two directions one by one, as a TCP connection does; ssh2's own closes both when
 * the server's ends.
 */
export const endHalves = (channel: Ssh2Channel): Ssh2Channel => {
  let open = 2
  const ended = (): void => {
    open -= 1
    if (open === 0) channel.close()
  }
  channel.server = false
  channel.once("end", ended).once("finish", ended)
  return channel
}

/** Calls ssh2's `reject`, which sends no reason, so that it sends `message`. */
export const refuseOpening = (protocol: Ssh2Protocol, reject: () => void, message: string): void => {
  const refuse = protocol.channelOpenFail
  protocol.channelOpenFail = (id) => refuse.call(protocol, id, 2, message)
  reject()
  protocol.channelOpenFail = refuse
}

/** Sends SSH_MSG_DISCONNECT (RFC 4253 section 11.1) with a reason to read; ssh2's own sends none. */
export const sendDisconnect = (protocol: Ssh2Protocol, reason: number, message: string): void => {
  const payload = Buffer.concat([Buffer.from([1]), sshUint32(reason), sshString(message), sshString("")])
  const { write } = protocol._packetRW
  const start = write.allocStartKEX
  const packet = write.alloc(payload.length, true)
  packet.set(payload, start)
  sendPacket(protocol, write.finalize(packet, true), true)
}

/** Starts a session's channel at once, so that no data is lost, and leaves the reply to the request for later. */
export const startSession = (connection: Ssh2Connection, session: Ssh2Session): Ssh2Channel => {
  const channel = new Channel(connection, session._chanInfo, { server: true }) as Ssh2Channel
  session._channel = channel
  return channel
}

/** A host key for `new Server`: `key`, shown as `certificate`; `protocolOf` gives the connection's protocol when it signs. */
export const certifiedHostKey = (
  key: { readonly sign: (data: Buffer) => Buffer | Error },
  type: string,
  plainType: string,
  certificate: Buffer,
  protocolOf: () => Ssh2Protocol,
): object =>
  Object.assign(Object.create(key), {
    type,
    getPublicSSH: () => certificate,
    // The reply names the signature's algorithm by what was negotiated; a certificate's key signs with the plain one.
    sign: (data: Buffer) => {
      protocolOf()._kex.negotiated.serverHostKey = plainType
      return key.sign(data)
    },
  })

export type ServerHostKeys = NonNullable<ServerConfig["hostKeys"]>

/** Keys that ssh2 has parsed, or that look so; its `Server` takes them in `key`, though its types say text only. */
export const serverHostKeys = (keys: ReadonlyArray<object>): ServerHostKeys =>
  keys.map((key) => ({ key })) as unknown as ServerHostKeys

/** Replaces the host key algorithms that a client offers; call right after `connect()`, before the server's banner. */
export const offerHostKeys = (protocol: Ssh2Protocol, algorithms: ReadonlyArray<string>): void => {
  const { kex, cs } = protocol._offer.lists
  const direction = { cipher: cs.cipher.array, mac: cs.mac.array, compress: cs.compress.array, lang: [] }
  const lists = { kex: kex.array, serverHostKey: algorithms, cs: direction, sc: direction }
  protocol._offer = new KexInit(lists) as Ssh2Protocol["_offer"]
}

/**
 * Lets ssh2's client check the exchange's signature with the key inside a host certificate. Call in the host verifier:
 * ssh2 hashes the certificate first (it is K_S), then reads `_sig` and `_hostKey`, so the change is made when `_sig` is read.
 */
export const verifyWithPlainKey = (protocol: Ssh2Protocol, plainType: string, plainKey: Buffer): void => {
  const kex = protocol._kex
  let signature = kex._sig
  Object.defineProperty(kex, "_sig", {
    configurable: true,
    set: (value: Buffer | undefined) => {
      signature = value
    },
    get: () => {
      kex._hostKey = plainKey
      kex.negotiated.serverHostKey = plainType
      return signature
    },
  })
}

/** Makes the client's `none` request a `publickey` one with a certificate, which ssh2 cannot send by itself. */
export const authenticateInstead = (
  protocol: Ssh2Protocol,
  request: (sessionId: Buffer, username: string) => Buffer,
): void => {
  protocol.authNone = (username) => {
    const payload = request(protocol._kex.sessionID, username)
    const { write } = protocol._packetRW
    const start = write.allocStart
    const packet = write.alloc(payload.length)
    packet.set(payload, start)
    protocol._authsQueue.push("publickey")
    sendPacket(protocol, write.finalize(packet))
  }
}
