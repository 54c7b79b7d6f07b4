import type { Duplex } from "node:stream"
import { Deferred, Duration, Effect } from "effect"
import ssh2 from "ssh2"
import { ConnectionLink } from "./internal/ConnectionLink.ts"
import { handshakeFailure } from "./internal/handshakeFailure.ts"
import { offerHostKeys } from "./internal/ssh2/hostKeys.ts"
import { ssh2Connection } from "./internal/ssh2/Ssh2Shape.ts"
import { sshAlgorithms } from "./SshAlgorithms.ts"
import { SshConnectionError } from "./SshError.ts"

/** Those whose keys can be pinned, the best first: a server shows the first that it has. */
const algorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
]

const shownKey = (link: ConnectionLink): Effect.Effect<Buffer> =>
  Effect.async((resume) => {
    const client = new ssh2.Client()
    client.on("error", () => undefined)
    client.connect({
      sock: link.transport as never,
      username: "none",
      ident: "Mezite",
      algorithms: sshAlgorithms(),
      readyTimeout: 0,
      authHandler: ["none"],
      hostVerifier: (key: Buffer) => {
        resume(Effect.succeed(Buffer.from(key)))
        return false
      },
    })
    const inside = ssh2Connection(client)
    offerHostKeys(inside._protocol, algorithms)
    link.attach(inside, { maxChannels: 0, rekeyBytes: Number.POSITIVE_INFINITY })
  })

/**
 * Asks a server for its host key, as a blob, and hangs up. Who answers is not proven: it is for a person to compare before it
 * is relied upon.
 */
export const scanHostKey = Effect.fn("scanHostKey")(function* (transport: Duplex, limit: Duration.DurationInput) {
  const link = yield* Effect.acquireRelease(
    Effect.sync(() => new ConnectionLink(transport)),
    (acquired) => acquired.close("only the host key was wanted"),
  )
  return yield* Effect.raceFirst(shownKey(link), Deferred.await(link.broken)).pipe(
    Effect.timeoutFail({
      duration: limit,
      onTimeout: () =>
        new SshConnectionError({ reason: "timeout", message: `no host key within ${Duration.format(limit)}` }),
    }),
    Effect.mapError(handshakeFailure),
  )
})
