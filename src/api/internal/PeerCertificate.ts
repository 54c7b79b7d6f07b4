import { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { connect } from "node:tls"
import { Effect } from "effect"
import { plainReason } from "../../domain/plainReason.ts"
import { type HubAddress, hubAuthority } from "../HubAddress.ts"
import { HubUnreachable } from "../HubUnreachable.ts"

/**
 * The certificate, in PEM, that a TLS server shows. It is not verified here (nothing is known yet to verify it with):
 * who calls must compare its key before believing it.
 */
export const peerCertificate = ({ host, port, tls }: HubAddress): Effect.Effect<string, HubUnreachable> =>
  Effect.async((resume) => {
    const authority = hubAuthority({ host, port, tls })
    const fail = (reason: string) =>
      resume(Effect.fail(new HubUnreachable({ message: `cannot reach the hub at ${authority}: ${reason}` })))
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      rejectUnauthorized: false,
    })
    socket.once("secureConnect", () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      if (raw === undefined) return fail("it showed no certificate")
      resume(Effect.succeed(new X509Certificate(raw).toString()))
    })
    socket.on("error", (error) => fail(plainReason(error)))
    socket.once("close", () => fail("it closed the connection before it showed a certificate"))
    return Effect.sync(() => socket.destroy())
  })
