import { execFile } from "node:child_process"
import { isIP } from "node:net"
import { Effect } from "effect"
import { ForwardFailed } from "../../../node/forwarding/ForwardFailed.ts"

const timeoutMs = 10_000
/** Look-ups at once, for all connections of this agent. */
const atOnce = Effect.unsafeMakeSemaphore(16)
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,254})$/

const addressesIn = (lines: string): ReadonlyArray<string> => [
  ...new Set(lines.split("\n").flatMap((line) => /^(\S+)\s+STREAM\b/.exec(line)?.[1] ?? [])),
]

/** A process, since Node's own look-ups take its few threads, on which recordings are made durable, for as long as they wait. */
const lookUp = (host: string): Effect.Effect<ReadonlyArray<string>, ForwardFailed> =>
  Effect.async((resume) => {
    const options = { timeout: timeoutMs, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } }
    const child = execFile("getent", ["ahosts", host], options, (error, stdout) => {
      const addresses = error === null ? addressesIn(stdout) : []
      if (addresses.length > 0) return resume(Effect.succeed(addresses))
      const why = error?.killed === true ? "no answer in 10 s" : "no such host"
      resume(new ForwardFailed({ message: `${host} cannot be looked up: ${why}` }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** The addresses of a host as this machine's name service switch tells them, in the order in which to try them. */
export const resolveHost = (host: string): Effect.Effect<ReadonlyArray<string>, ForwardFailed> => {
  if (isIP(host) !== 0) return Effect.succeed([host])
  if (!hostName.test(host)) return new ForwardFailed({ message: "that is no name of a host" })
  return atOnce.withPermits(1)(lookUp(host))
}
