import type { ServerConfig } from "ssh2"
import { KexInit } from "ssh2/lib/protocol/kex.js"
import type { Ssh2Protocol } from "./Ssh2Shape.ts"

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
