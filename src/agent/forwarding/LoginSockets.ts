import { type AddressInfo, isIP, type Socket } from "node:net"
import { Effect, Option, type Scope } from "effect"
import { escapeText } from "../../domain/escapeText.ts"
import { ForwardFailed } from "../../node/forwarding/ForwardFailed.ts"
import type { AcceptedSocket, MachineSockets } from "../../node/machine/MachineSockets.ts"
import { getent } from "../terminal/internal/getent.ts"
import { loadNative, type NativeSockets, type NativeUser } from "../terminal/internal/Native.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import { connectedSocket, connectSocket, listenAt } from "./internal/nodeSockets.ts"
import { resolveHost } from "./internal/resolveHost.ts"

const connectTimeout = "20 seconds"

/**
 * Sockets of a login, made with its rights: the kernel, and whoever asks it, sees them as that account's own. Connections are tried
 * at all addresses that a host has, 20 s each.
 */
export interface LoginSockets extends MachineSockets {
  /** Listens at a unix socket in a directory of its own, which nobody else may enter; both are removed with the scope. Its path. */
  readonly listenPrivately: (onSocket: (socket: Socket) => void) => Effect.Effect<string, ForwardFailed, Scope.Scope>
}

const accepted = (socket: Socket): AcceptedSocket => ({
  originAddress: socket.remoteAddress ?? "",
  originPort: socket.remotePort ?? 0,
  accept: Effect.succeed(socket),
  reject: Effect.sync(() => socket.destroy()),
})

/** The account's rights, where the agent has others. */
const rightsOf = Effect.fn("LoginSockets.rightsOf")(function* ({ name, uid, gid }: LoginUser) {
  if (process.getuid?.() !== 0) return undefined
  const fields = yield* getent("initgroups", name)
  const [, ...groups] = Option.getOrElse(fields, () => [""])
    .join(":")
    .trim()
    .split(/\s+/)
  return { uid, gid, groups: [gid, ...groups.map(Number)] } satisfies NativeUser
})

/** The sockets of an account of this machine. */
export const loginSockets = Effect.fn("LoginSockets.of")(
  function* (user: LoginUser) {
    const { sockets } = yield* loadNative
    const rights = yield* rightsOf(user)

    const connectTo = (address: string, port: number) => {
      const what = `${address} port ${port}`
      const make = () => sockets.tcp(rights, isIP(address) === 6 ? 6 : 4)
      return connectSocket(make, { host: address, port }, what).pipe(
        Effect.timeoutFail({
          duration: connectTimeout,
          onTimeout: () => new ForwardFailed({ message: `${what}: no answer` }),
        }),
      )
    }

    return {
      connect: (host, port) =>
        Effect.flatMap(resolveHost(host), ([first = "", ...others]) =>
          Effect.map(
            others.reduce(
              (tried, address) => Effect.orElse(tried, () => connectTo(address, port)),
              connectTo(first, port),
            ),
            (socket) => ({
              socket,
              address: isIP(host) === 0 ? Option.fromNullable(socket.remoteAddress) : Option.none(),
            }),
          ),
        ),
      connectUnix: (path) =>
        Effect.map(
          connectedSocket(() => sockets.connectUnix(rights, path), escapeText(path)),
          (socket) => ({ socket, address: Option.none() }),
        ),
      listen: (address, port, onSocket) =>
        Effect.map(
          listenAt(
            () => sockets.listenTcp(rights, address, port),
            `${address} port ${port}`,
            (socket) => onSocket(accepted(socket)),
          ),
          (server) => (server.address() as AddressInfo).port,
        ),
      listenPrivately: (onSocket) => listenPrivately(sockets, rights, onSocket),
    } satisfies LoginSockets
  },
  Effect.catchTags({
    LoginUserError: ({ message }) => new ForwardFailed({ message }),
    TerminalError: ({ message }) => new ForwardFailed({ message }),
  }),
)

const listenPrivately = Effect.fnUntraced(function* (
  sockets: NativeSockets,
  rights: NativeUser | undefined,
  onSocket: (socket: Socket) => void,
) {
  const remove = (path: string) => Effect.ignoreLogged(Effect.try(() => sockets.remove(rights, path)))
  const directory = yield* Effect.acquireRelease(
    Effect.try({
      try: () => sockets.privateDirectory(rights, "/tmp/mezite-"),
      catch: (error) => new ForwardFailed({ message: (error as Error).message }),
    }),
    remove,
  )
  const path = `${directory}/agent`
  yield* Effect.addFinalizer(() => remove(path))
  yield* listenAt(() => sockets.listenUnix(rights, path), path, onSocket)
  return path
})
