import type { Duplex } from "node:stream"

/**
 * The kernel's audit session of a program and all that descends from it, and of nothing else, as its launcher tells it; see
 * audit_setloginuid(3). Where the kernel has no audit, or keeps the session that the agent has, there is none.
 */
export class AuditSession {
  #told = ""

  private constructor() {}

  /** Listens to what the launcher says before it becomes the program. */
  static toldOn(channel: Duplex): AuditSession {
    const session = new AuditSession()
    channel.on("error", () => channel.destroy())
    channel.on("data", (bytes: Buffer) => {
      session.#told += bytes.toString("latin1")
    })
    return session
  }

  /** As it stands in `/proc/PID/sessionid`; undefined while it is not known. */
  get id(): string | undefined {
    return this.#told === "" ? undefined : this.#told
  }
}
