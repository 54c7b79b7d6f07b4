import { Effect, Option } from "effect"
import { type DirectForward, ForwardTarget } from "../../../ssh/DirectForward.ts"
import type { MachineSockets } from "../../machine/MachineSockets.ts"
import type { ForwardFailed } from "../ForwardFailed.ts"
import type { Forward, PortAudit } from "./PortAudit.ts"
import { passOn } from "./passOn.ts"

/** `HOST:PORT`, brackets around an IPv6 address. */
export const hostPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** A client's request as the audit log knows it. */
export const forwardOf = ({ target, originAddress, originPort }: DirectForward): Forward => ({
  direction: "local",
  target: ForwardTarget.$match(target, { Tcp: ({ host, port }) => hostPort(host, port), Unix: ({ path }) => path }),
  origin: hostPort(originAddress, originPort),
})

const connect = (sockets: MachineSockets, target: ForwardTarget) =>
  ForwardTarget.$match(target, {
    Tcp: ({ host, port }) => sockets.connect(host, port),
    Unix: ({ path }) => sockets.connectUnix(path),
  })

const optionalAddress = Option.match({ onNone: () => ({}), onSome: (address: string) => ({ address }) })

/** Connects a client to where it wants to be (`-L`, `-D`), and passes bytes until both sides have closed. */
export const serveDirect = (
  request: DirectForward,
  sockets: Effect.Effect<MachineSockets, ForwardFailed>,
  audit: PortAudit,
): Effect.Effect<void> => {
  const forward = forwardOf(request)
  return sockets.pipe(
    Effect.tap(() => audit.opening(forward)),
    Effect.flatMap((opened) => connect(opened, request.target)),
    Effect.flatMap(({ socket, address }) =>
      Effect.flatMap(request.accept, (channel) =>
        passOn(audit, { ...forward, ...optionalAddress(address) }, channel, socket),
      ),
    ),
    Effect.catchAll(({ message }) => Effect.zipRight(request.reject(message), audit.failed(forward, message))),
    Effect.scoped,
  )
}
