import type { KeyObject } from "node:crypto"
import { type Duration, Effect, type Scope } from "effect"
import { escapeText } from "../../domain/escapeText.ts"
import { showTargetAddress, type TargetAddress } from "../../domain/TargetAddress.ts"
import { dialTcp } from "../../ssh/dialTcp.ts"
import { HostVerification } from "../../ssh/HostVerification.ts"
import type { OpenSshCertificate } from "../../ssh/OpenSshCertificate.ts"
import { fingerprint } from "../../ssh/OpenSshKey.ts"
import * as SshClient from "../../ssh/SshClient.ts"
import type { SshConnectionError } from "../../ssh/SshError.ts"
import { TargetFailed } from "./TargetFailed.ts"

/** A machine without an agent: a plain sshd, which trusts the cluster's user authority. */
export interface Target {
  /** The node's name. */
  readonly name: string
  readonly address: TargetAddress
  /** The host key that was pinned when it was added, as a blob. */
  readonly hostKey: Uint8Array
}

/** As whom to log in there. */
export interface TargetLogin {
  readonly login: string
  readonly privateKey: KeyObject
  readonly certificate: OpenSshCertificate
}

/** How long each part may take. */
export interface TargetLimits {
  readonly connect: Duration.DurationInput
  /** Both handshakes of SSH, key exchange and authentication. */
  readonly login: Duration.DurationInput
}

export const usualLimits: TargetLimits = { connect: "10 seconds", login: "20 seconds" }

const reasons: Readonly<Record<SshConnectionError["reason"], TargetFailed["reason"]>> = {
  unreachable: "unreachable",
  timeout: "timeout",
  protocol: "protocol",
  closed: "closed",
  "host-key": "host-key",
  authentication: "refused",
}

const explain = ({ name, address, hostKey }: Target, login: string, error: SshConnectionError): string => {
  const where = `${name} (${showTargetAddress(address)})`
  // Its machine may have had a say in it.
  const told = escapeText(error.message)
  switch (error.reason) {
    case "unreachable":
      return `${where} cannot be reached: ${told}`
    case "timeout":
      return `${where} does not answer: ${told}`
    case "protocol":
      return `what answers for ${where} does not speak SSH as it should: ${told}`
    case "closed":
      return `${where} closed the connection before the login was done: ${told}`
    case "host-key":
      return `${where} is not the machine that was added: ${told} (${fingerprint(hostKey)}); if its key was changed on purpose, an admin removes the node and adds it again`
    case "authentication":
      return `${where} does not let ${login} in: there is no such account, or its sshd does not trust the cluster's user CA (TrustedUserCAKeys), or its settings forbid it`
  }
}

/**
 * Logs in at a machine without an agent, whose host key must be the pinned one before anything is told to it. The connection
 * is closed with the scope.
 */
export const connectTarget = Effect.fn("TargetConnection.connect")(function* (
  target: Target,
  { login, privateKey, certificate }: TargetLogin,
  limits: TargetLimits = usualLimits,
): Effect.fn.Return<SshClient.SshClient, TargetFailed, Scope.Scope> {
  const { host, port } = target.address
  const attempt = dialTcp(host, port, limits.connect).pipe(
    Effect.flatMap((socket) =>
      SshClient.connect(socket, {
        username: login,
        privateKey,
        certificate,
        hostVerification: HostVerification.Pinned({ keys: [target.hostKey] }),
        timeout: limits.login,
      }),
    ),
  )
  return yield* Effect.mapError(
    attempt,
    (error) => new TargetFailed({ reason: reasons[error.reason], message: explain(target, login, error) }),
  )
})
