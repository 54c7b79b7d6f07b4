import handlers from "ssh2/lib/protocol/handlers.js"
import type { Ssh2Protocol } from "./Ssh2Shape.ts"

const ignore = 2
const kexInit = 20
/** SSH_MSG_IGNORE, _UNIMPLEMENTED and _DEBUG (RFC 4253 sections 11.2 to 11.4). */
const asides: ReadonlyArray<number | undefined> = [ignore, 3, 4]

const handlerOf = (type: number) => {
  const handler = handlers[type]
  if (handler === undefined) throw new Error(`ssh2 is not the version Mezite was written for: no handler of ${type}`)
  return handler
}

const listeners = new WeakMap<object, () => void>()

/** Tells of each SSH_MSG_IGNORE that this connection receives from now on; ssh2 keeps them to itself. */
export const onIgnored = (protocol: Ssh2Protocol, listener: () => void): void => {
  listeners.set(protocol, listener)
}

// ssh2's table of handlers is one for all connections.
const pass = handlerOf(ignore)
handlers[ignore] = (protocol, payload) => {
  listeners.get(protocol)?.()
  return pass(protocol, payload)
}

/** Only a first key exchange does not come through the table. */
const exchange = handlerOf(kexInit)
handlers[kexInit] = (protocol, payload) => {
  const result = exchange(protocol, payload)
  allowAsides(protocol as Ssh2Protocol)
  return result
}

/**
 * Lets a peer send asides while keys are exchanged anew, as sshd does when somebody types a password meanwhile. Strict key exchange
 * forbids that in the first exchange only; ssh2 drops the connection in all.
 */
const allowAsides = (protocol: Ssh2Protocol): void => {
  const { _decipher: decipher } = protocol
  const receive = decipher._onPayload
  decipher._onPayload = (payload) =>
    asides.includes(payload[0]) ? handlers[payload[0] ?? 0]?.(protocol, payload) : receive(payload)
}
