import { SshConnectionError } from "../SshError.ts"

/** What ssh2 takes for breaches of the protocol, and are not. */
export const handshakeFailure = (error: SshConnectionError): SshConnectionError => {
  if (error.message === "Connection lost before handshake") {
    return new SshConnectionError({ reason: "closed", message: "the server hung up before the handshake" })
  }
  if (error.message.includes("no matching host key")) {
    return new SshConnectionError({ reason: "host-key", message: "the server has no host key of the expected kind" })
  }
  return error
}
