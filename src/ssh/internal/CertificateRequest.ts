import type { KeyObject } from "node:crypto"
import { authSignature } from "../AuthSignature.ts"
import { certificateType, type OpenSshCertificate } from "../OpenSshCertificate.ts"
import type { KeyType } from "../OpenSshKey.ts"
import { sshString } from "../SshWire.ts"

const userauthRequest = 50

/** RSA certificates are used with the algorithm that names the signature's digest. */
const algorithmOf = (type: KeyType): string =>
  type === "ssh-rsa" ? "rsa-sha2-512-cert-v01@openssh.com" : certificateType(type)

/** SSH_MSG_USERAUTH_REQUEST with a certificate and its key's signature over the session (RFC 4252 section 7). */
export const certificateRequest = (
  sessionId: Buffer,
  username: string,
  privateKey: KeyObject,
  certificate: OpenSshCertificate,
): Buffer => {
  const request = Buffer.concat([
    Buffer.from([userauthRequest]),
    sshString(username),
    sshString("ssh-connection"),
    sshString("publickey"),
    Buffer.from([1]),
    sshString(algorithmOf(certificate.keyType)),
    sshString(certificate.blob),
  ])
  const { wrapped } = authSignature(privateKey, Buffer.concat([sshString(sessionId), request]))
  return Buffer.concat([request, sshString(wrapped)])
}
