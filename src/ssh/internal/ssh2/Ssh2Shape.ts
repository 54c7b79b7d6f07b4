/**
 * All that Mezite knows about the inside of ssh2 1.17, whose ways the files beside this one mend. Names with an underscore are
 * not its public interface; {@link requireShape} stops a connection that finds one missing.
 */
import type { EventEmitter } from "node:events"
import type { Duplex } from "node:stream"

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
  /** Reads packets; a new one after each key exchange. */
  readonly _decipher: { _onPayload: (payload: Buffer) => unknown }
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
  /** Asks the peer for an answer: a global request, `keepalive@openssh.com`. */
  readonly ping: () => void
  readonly openssh_authAgent: (id: number, window: number, packetSize: number) => void
}

type OpenedCallback = (error: Error | undefined, channel: object) => void

export interface Ssh2Connection extends EventEmitter {
  readonly _protocol: Ssh2Protocol
  readonly _chanMgr: {
    readonly _channels: Record<string, Ssh2Channel | Ssh2Session>
    readonly _count: number
    readonly get: (id: number) => Ssh2Channel | Ssh2Session | undefined
    readonly remove: (id: number) => void
    /** Reserves a number for a channel that the peer is asked to open; -1 where there is none. */
    readonly add: (opened: OpenedCallback) => number
  }
  /** A server's, for `forwarded-tcpip`. */
  readonly forwardOut: (
    host: string,
    port: number,
    originAddress: string,
    originPort: number,
    opened: OpenedCallback,
  ) => unknown
  readonly end: () => unknown
}

export interface Ssh2Client extends Ssh2Connection {
  /** Called, in order, when a global request is answered. */
  readonly _callbacks: Array<(failed: boolean | Error) => void>
  /** The server's software, as its banner tells: `OpenSSH_9.2p1`. */
  readonly _remoteVer: string | undefined
}

/** Throws where `object` lacks one of the `names` that are relied on. */
export const requireShape = (what: string, object: object, names: ReadonlyArray<string>): void => {
  const missing = names.filter((name) => !(name in object))
  if (missing.length > 0) throw new Error(`ssh2 is not the version Mezite was written for: ${what} lacks ${missing}`)
}

const common = [
  "_kex",
  "_kexinit",
  "_decipher",
  "_offer",
  "_handlers",
  "_packetRW",
  "channelData",
  "channelExtData",
  "rekey",
]

/** Checks a new connection's shape and gives it the type of its inside. */
export const ssh2Connection = (connection: object): Ssh2Connection => {
  requireShape("a connection", connection, ["_protocol", "_chanMgr"])
  const inside = connection as Ssh2Connection
  requireShape("its protocol", inside._protocol, [
    ...common,
    "channelSuccess",
    "channelClose",
    "openssh_authAgent",
    "_authsQueue",
  ])
  requireShape("its channels", inside._chanMgr, ["_channels", "_count", "add", "get", "remove"])
  requireShape("its handlers", inside._protocol._handlers, ["CHANNEL_OPEN", "CHANNEL_DATA", "CHANNEL_EOF"])
  requireShape("its handlers", inside._protocol._handlers, ["CHANNEL_CLOSE", "CHANNEL_WINDOW_ADJUST"])
  return inside
}

/** `ssh2Connection` for a client's. */
export const ssh2Client = (connection: object): Ssh2Client => {
  const inside = ssh2Connection(connection)
  requireShape("a client", inside, ["_callbacks", "_remoteVer"])
  requireShape("its protocol", inside._protocol, ["ping"])
  return inside as Ssh2Client
}

export const isSession = (channel: Ssh2Channel | Ssh2Session | undefined): channel is Ssh2Session =>
  typeof channel === "object" && "_chanInfo" in channel

export const channelOf = (channel: Ssh2Channel | Ssh2Session | undefined): Ssh2Channel | undefined =>
  isSession(channel) ? channel._channel : typeof channel === "object" ? channel : undefined
