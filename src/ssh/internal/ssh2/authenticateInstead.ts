import { sendPacket } from "ssh2/lib/protocol/utils.js"
import type { Ssh2Protocol } from "./Ssh2Shape.ts"

/** Makes the client's `none` request a `publickey` one with a certificate, which ssh2 cannot send by itself. */
export const authenticateInstead = (
  protocol: Ssh2Protocol,
  request: (sessionId: Buffer, username: string) => Buffer,
): void => {
  protocol.authNone = (username) => {
    const payload = request(protocol._kex.sessionID, username)
    const { write } = protocol._packetRW
    const start = write.allocStart
    const packet = write.alloc(payload.length)
    packet.set(payload, start)
    protocol._authsQueue.push("publickey")
    sendPacket(protocol, write.finalize(packet))
  }
}
