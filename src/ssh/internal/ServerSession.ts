import { Effect, Option } from "effect"
import type { WindowSize } from "../../domain/WindowSize.ts"
import { type PtyRequest, SessionKind, type SessionRequest } from "../SessionRequest.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { PullQueue } from "./PullQueue.ts"
import { serverChannel } from "./ServerChannel.ts"
import { channelClosed } from "./ssh2/endings.ts"
import { startSession } from "./ssh2/openings.ts"
import type { Ssh2Connection, Ssh2Session } from "./ssh2/Ssh2Shape.ts"
import { tameChannel } from "./ssh2/windows.ts"

type Reply = (() => void) | undefined

/** A terminal's size as ssh2 tells it. */
interface Ssh2Window {
  readonly cols: number
  readonly rows: number
  readonly width: number
  readonly height: number
}

interface Ssh2PtyInfo extends Ssh2Window {
  readonly term: string
  readonly modes: Readonly<Record<string, number | undefined>>
}

const maxVariables = 64
const maxEnvironmentBytes = 32 * 1024
const maxWaitingSignals = 16

const clamp = (value: number, fallback: number): number => (value === 0 ? fallback : Math.min(value, 65_535))

const windowSize = (window: Ssh2Window): WindowSize => ({
  cols: clamp(window.cols, 80),
  rows: clamp(window.rows, 24),
  widthPx: clamp(window.width, 0),
  heightPx: clamp(window.height, 0),
})

/** ssh2 has read them, and let no mode through that RFC 4254 does not name. */
const terminalModes = ({ modes }: Ssh2PtyInfo): Record<string, number> =>
  Object.fromEntries(Object.entries(modes).filter((mode): mode is [string, number] => mode[1] !== undefined))

/** What a session was told before something is started on it. */
class SessionSettings {
  pty: Option.Option<PtyRequest> = Option.none()
  agentForwarding = false
  readonly env: Record<string, string> = Object.create(null)
  readonly resizes = new PullQueue<WindowSize>(1)
  readonly signals = new PullQueue<string>(maxWaitingSignals)
  #environmentBytes = 0
  #variables = 0

  set(name: string, value: string): boolean {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(value)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes("\0")) return false
    if (this.#variables >= maxVariables || this.#environmentBytes + bytes > maxEnvironmentBytes) return false
    this.#variables += 1
    this.#environmentBytes += bytes
    this.env[name] = value
    return true
  }
}

const answer = (granted: boolean, accept: Reply, reject: Reply): void => {
  if (granted) accept?.()
  else reject?.()
}

/** What a server's connection does with its sessions. */
export interface SessionHost {
  readonly inside: Ssh2Connection
  readonly link: ConnectionLink
  readonly mayHavePty: boolean
  readonly mayForwardAgent: boolean
  /** Takes a request; false where too many wait. */
  readonly onRequest: (request: SessionRequest) => boolean
}

/** Listens to a new session channel until the client asks for something to be started on it. */
export const listenToSession = (session: Ssh2Session, host: SessionHost): void => {
  const settings = new SessionSettings()
  session.on("env", (accept: Reply, reject: Reply, { key, val }: { readonly key: string; readonly val: string }) =>
    answer(settings.set(key, val), accept, reject),
  )
  session.on("pty", (accept: Reply, reject: Reply, info: Ssh2PtyInfo) => {
    const granted = host.mayHavePty && /^[\x21-\x7e]{0,64}$/.test(info.term)
    if (granted) settings.pty = Option.some({ term: info.term, size: windowSize(info), modes: terminalModes(info) })
    answer(granted, accept, reject)
  })
  session.on("window-change", (accept: Reply, _reject: Reply, info: Ssh2Window) => {
    settings.resizes.replace(windowSize(info))
    accept?.()
  })
  session.on("signal", (accept: Reply, reject: Reply, { name }: { readonly name: string }) =>
    answer(/^[A-Z0-9]{1,16}$/.test(name) && settings.signals.offer(name), accept, reject),
  )
  session.on("auth-agent", (accept: Reply, reject: Reply) => {
    settings.agentForwarding = host.mayForwardAgent
    answer(host.mayForwardAgent, accept, reject)
  })
  const start = (kind: SessionKind, reject: Reply): void => startRequest(session, kind, reject, settings, host)
  session.on("shell", (_: Reply, reject: Reply) => start(SessionKind.Shell(), reject))
  session.on("exec", (_: Reply, reject: Reply, { command }: { readonly command: string }) =>
    start(SessionKind.Exec({ command }), reject),
  )
  session.on("subsystem", (_: Reply, reject: Reply, { name }: { readonly name: string }) =>
    start(SessionKind.Subsystem({ name }), reject),
  )
}

/** ssh2 gives a `reject` only where the client wants a reply; the reply itself is sent here. */
const startRequest = (
  session: Ssh2Session,
  kind: SessionKind,
  wantsReply: Reply,
  settings: SessionSettings,
  host: SessionHost,
): void => {
  const { _protocol: protocol } = host.inside
  const id = session._chanInfo.outgoing.id
  if (session._channel !== undefined) {
    if (wantsReply !== undefined) protocol.channelFailure(id)
    return
  }
  const channel = tameChannel(startSession(host.inside, session), host.link.gate, true)
  channel.once(channelClosed, () => {
    settings.resizes.end()
    settings.signals.end()
  })
  const ends = serverChannel(channel, host.link)
  let answered = false
  const reply = (granted: boolean): void => {
    if (answered || channel.outgoing.state !== "open") return
    answered = true
    if (wantsReply !== undefined) protocol[granted ? "channelSuccess" : "channelFailure"](id)
    if (!granted) channel.close()
  }
  const offered = host.onRequest({
    kind,
    pty: settings.pty,
    env: settings.env,
    agentForwarding: settings.agentForwarding,
    accept: Effect.sync(() => {
      reply(true)
      return { ...ends, resizes: settings.resizes.stream, signals: settings.signals.stream }
    }),
    reject: Effect.sync(() => reply(false)),
  })
  if (!offered) reply(false)
}
