import { constants } from "node:os"
import { Option } from "effect"

/** RFC 4254, 6.9, and those that OpenSSH's server takes besides. */
const allowed: ReadonlySet<string> = new Set([
  ...["ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2"],
  "WINCH",
  "CONT",
  "TSTP",
])

/** The system's name of a signal that a client may send; none for any other. */
export const signalName = (name: string): Option.Option<NodeJS.Signals> => {
  const full = `SIG${name}`
  const isSignal = (text: string): text is NodeJS.Signals => text in constants.signals
  return allowed.has(name) && isSignal(full) ? Option.some(full) : Option.none()
}
